import type { ConnectionInput } from '../driver';
import { parseSqlConfig, publicSqlConfig, type SqlConfig } from '../sql-config';
import { mysqlDescription } from './description';

/** What is sealed of a MySQL or MariaDB connection. */
export type MysqlConfig = SqlConfig;

export function parseMysqlConfig(input: ConnectionInput): MysqlConfig {
  return parseSqlConfig(input, {
    schemes: ['mysql', 'mariadb'],
    defaultPort: 3306,
    defaultTls: 'prefer',
    options: mysqlDescription.options,
  });
}

export const publicMysqlConfig: (config: MysqlConfig) => ConnectionInput = publicSqlConfig;
