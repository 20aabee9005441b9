import { quoteIdentifier, quoteText } from '../../common/quote/mysql';
import type { MysqlConfig } from './config';

/** Statements for an administrator that create an account which can read one database, nothing else. */
export function readOnlyAccount(config: MysqlConfig, username: string): readonly string[] {
  const account = `${quoteText(username)}@'%'`;
  return [
    `CREATE USER ${account} IDENTIFIED BY '<choose-a-password>';`,
    `GRANT SELECT, SHOW VIEW ON ${quoteIdentifier(config.database)}.* TO ${account};`,
  ];
}
