import { isProvablyReadOnly, type AccountPower } from './account-power';
import type { TestWarning } from './driver';

/** What a connection test remarks on an account, with the statements that make it one that can only read. */
export function accountWarnings(
  account: readonly AccountPower[] | null,
  statements: readonly string[],
): TestWarning[] {
  if (account === null)
    return [{ code: 'account_unverified', message: 'The server does not say what the account may do.' }];
  if (isProvablyReadOnly(account) === true) return [];
  return account.some(({ code }) => code === 'superuser')
    ? [
        {
          code: 'account_is_superuser',
          message: 'The account may do everything, files of the server included; use one that can only read.',
          statements,
        },
      ]
    : [
        {
          code: 'account_can_write',
          message: 'The account itself may write; use one that can only read.',
          statements,
        },
      ];
}
