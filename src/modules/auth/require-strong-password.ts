import { AppError } from '../../common/app-error';
import { commonPasswords } from './common-passwords';

export const MIN_PASSWORD_LENGTH = 8;
export const MAX_PASSWORD_LENGTH = 256;

/**
 * Length and a list of what is guessed first, no rules of composition (NIST SP 800-63B, 5.1.1.2).
 * @throws AppError `auth.weak_password`
 */
export function requireStrongPassword(password: string, owner: { username: string; email?: string }): void {
  const plain = password.normalize('NFKC').toLowerCase();
  if (plain.length < MIN_PASSWORD_LENGTH || password.length > MAX_PASSWORD_LENGTH) {
    throw weak(`must have ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters`);
  }
  const email = owner.email?.toLowerCase() ?? '';
  const own = [owner.username.toLowerCase(), email, email.split('@')[0]];
  if (own.includes(plain)) throw weak('must not be the username or the e-mail address');
  if (commonPasswords.has(plain) || new Set(plain).size < 3)
    throw weak('is one of those that are guessed first');
}

function weak(message: string): AppError {
  return new AppError('auth.weak_password', `The password ${message}`, {
    errors: [{ path: '/password', message }],
  });
}
