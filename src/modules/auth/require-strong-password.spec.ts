import { isAppError } from '../../common/app-error';
import { requireStrongPassword } from './require-strong-password';

const owner = { username: 'Maria.Lopez', email: 'maria@example.com' };

function verdict(password: string): string {
  try {
    requireStrongPassword(password, owner);
    return 'taken';
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
}

describe('requireStrongPassword', () => {
  it.each(['correct horse battery', 'Tr0ub4dor&3', 'päßwörter', '🔑🔒🗝️🚪🏠🧱🪟🛏️', 'x'.repeat(253) + 'abc'])(
    'takes %s',
    (password) => {
      expect(verdict(password)).toBe('taken');
    },
  );

  it.each([
    ['too short', 'short77'],
    ['too long', `ab${'x'.repeat(255)}`],
    ['the username in another case', 'maria.LOPEZ'],
    ['the e-mail address', 'maria@example.com'],
    ['a common one', 'Password123'],
    ['a common one in full-width letters', 'ｐａｓｓｗｏｒｄ１２３'],
    ['two characters in turns', 'abababababab'],
  ])('refuses %s', (_, password) => {
    expect(verdict(password)).toBe('auth.weak_password');
  });
});
