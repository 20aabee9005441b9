import type { ErrorCode } from '../common/errors/catalog';
import type { Refusal } from './facts';

/** Leaves a walk over a tree; `analyse` turns it into the refusal it carries. Never seen outside `src/sql`. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.detail);
  }
}

export interface RefusalPlace {
  /** The construct as the caller knows it: `COPY`, `FOR UPDATE`, `$where`. */
  readonly construct?: string;
  /** UTF-16 offset into the text of the caller. */
  readonly position?: number | null;
}

/** @throws Refused always */
export function refuse(code: ErrorCode, detail: string, place: RefusalPlace = {}): never {
  throw new Refused({
    code,
    detail,
    ...(place.construct === undefined ? {} : { construct: place.construct }),
    ...(place.position == null ? {} : { position: place.position }),
  });
}
