import { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';

/**
 * For what a key must not do: a key that leaked could make further ones, or change the password, and outlive its end.
 * @returns the id of the session
 * @throws AppError `auth.forbidden` for callers with an API key
 */
export function requireSession({ principal }: Caller): string {
  if (principal.sessionId === undefined)
    throw new AppError('auth.forbidden', 'Log in for this: an API key is not enough');
  return principal.sessionId;
}
