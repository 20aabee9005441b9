import { AppError } from '../common/app-error';
import type { Refusal } from './facts';

/** A refusal as callers meet it: the construct is named, and where it stands. */
export function refusalError({ code, detail, construct, position }: Refusal): AppError {
  return new AppError(code, detail, {
    extra: { ...(construct !== undefined && { construct }), ...(position !== undefined && { position }) },
  });
}
