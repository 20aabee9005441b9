import { quoteIdentifier } from '../../common/quote/postgresql';
import { revokeWritingBuiltins } from './account-rights';
import type { PostgresConfig } from './config';

/** Statements for the owner of the database that create an account which can log in and read, nothing else. */
export function readOnlyAccount(config: PostgresConfig, username: string): readonly string[] {
  const role = quoteIdentifier(username);
  const database = quoteIdentifier(config.database);
  return [
    `CREATE ROLE ${role} LOGIN PASSWORD '<choose-a-password>' NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;`,
    `ALTER ROLE ${role} SET default_transaction_read_only = on;`,
    `GRANT CONNECT ON DATABASE ${database} TO ${role};`,
    // before version 15 everybody may create temporary tables and, in "public", real ones
    `REVOKE TEMPORARY ON DATABASE ${database} FROM PUBLIC;`,
    `REVOKE CREATE ON SCHEMA public FROM PUBLIC;`,
    // needs a superuser; elsewhere the server warns, and the account may still create large objects
    revokeWritingBuiltins,
    ...config.searchPath.map(quoteIdentifier).flatMap((schema) => [
      `GRANT USAGE ON SCHEMA ${schema} TO ${role};`,
      `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role};`,
      // for tables that whoever runs this creates later
      `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT ON TABLES TO ${role};`,
    ]),
  ];
}
