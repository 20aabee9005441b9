import { AppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';

const UNIQUE_VIOLATION = '23505';

const codes: Readonly<Record<string, ErrorCode>> = {
  users_username_key: 'user.username_taken',
  users_username_lower_key: 'user.username_taken',
  users_email_key: 'user.email_taken',
  users_email_lower_key: 'user.email_taken',
};

/** The error of a unique constraint on `users` in the words of the API; anything else as it is. */
export function explainUniqueViolation(error: unknown): unknown {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  const known = code === UNIQUE_VIOLATION ? codes[String(constraint)] : undefined;
  return known ? new AppError(known, undefined, { cause: error }) : error;
}
