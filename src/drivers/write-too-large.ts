import { AppError } from '../common/app-error';

/** A write that was undone, or not begun, because it would have changed more than it may. */
export function writeTooLarge(maxChangedRows: number): AppError {
  return new AppError(
    'query.write_too_large',
    `At most ${maxChangedRows} rows may be changed by one statement; nothing was changed`,
  );
}
