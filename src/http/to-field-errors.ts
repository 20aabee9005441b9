import type { ValidationError } from 'class-validator';
import type { FieldError } from '../common/app-error';
import { pointerTo } from './json-pointer';

const MAX_ERRORS = 100;

/** class-validator's tree as the flat list of a problem document. */
export function toFieldErrors(errors: readonly ValidationError[], parent = ''): FieldError[] {
  return errors
    .flatMap((error): FieldError[] => {
      const path = pointerTo(parent, error.property);
      const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
        path,
        message: rule === 'whitelistValidation' ? 'is not known here' : message,
      }));
      return [...own, ...toFieldErrors(error.children ?? [], path)];
    })
    .slice(0, MAX_ERRORS);
}
