import { performance } from 'node:perf_hooks';
import { collectRows } from '../collect-rows';
import type { Source, TestReport, TestWarning } from '../driver';
import { tlsWarnings } from '../tls';
import type { PostgresConfig } from './config';
import { quoteIdentifier } from './quote';

const timeoutMs = 10_000;

/** What the account may do that a reader must not (manual, "Privileges" and "Predefined Roles"). */
const rightsQuery = `
  select current_setting('server_version'), r.rolsuper, r.rolcreaterole or r.rolcreatedb or r.rolreplication,
    has_database_privilege(current_database(), 'CREATE'),
    array(select n.nspname::text from pg_catalog.pg_namespace n
          where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and has_schema_privilege(n.oid, 'CREATE')
          order by 1),
    array(select distinct n.nspname::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
            and (has_table_privilege(c.oid, 'INSERT,UPDATE,DELETE,TRUNCATE')
                 or has_any_column_privilege(c.oid, 'INSERT,UPDATE'))
          order by 1),
    array(select m.rolname::text from pg_catalog.pg_roles m
          where not r.rolsuper and m.oid <> r.oid and pg_has_role(r.oid, m.oid, 'MEMBER')
            and (m.rolsuper or m.rolname in ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program',
                 'pg_maintain', 'pg_database_owner', 'pg_signal_backend'))
            and m.rolname <> 'pg_database_owner'
          order by 1)
  from pg_catalog.pg_roles r where r.rolname = current_user`;

/** Asks an open session who it is and what it may do. */
export async function probe(
  source: Pick<Source, 'query'>,
  config: PostgresConfig,
  encrypted: boolean,
  signal: AbortSignal,
): Promise<TestReport> {
  const [row = []] = await collectRows(source, rightsQuery, signal, timeoutMs);
  const startedAt = performance.now();
  await collectRows(source, 'select 1', signal, timeoutMs);
  const latencyMs = performance.now() - startedAt;
  const [version, superuser, creates, createsSchemas, schemas, tables, roles] = row;
  const statements = revocations(config, {
    database: createsSchemas === true,
    schemas: schemas as string[],
    tables: tables as string[],
    roles: roles as string[],
  });
  const warnings: TestWarning[] = [];
  if (superuser === true) {
    warnings.push({
      code: 'account_is_superuser',
      message: 'The account is a superuser: it reads and writes everything, files of the server included.',
      statements: [`ALTER ROLE ${quoteIdentifier(config.username)} NOSUPERUSER;`],
    });
  } else if (creates === true || statements.length > 0) {
    warnings.push({
      code: 'account_can_write',
      message: 'The account itself may write; use one that can only read.',
      statements: [
        ...(creates === true
          ? [`ALTER ROLE ${quoteIdentifier(config.username)} NOCREATEDB NOCREATEROLE NOREPLICATION;`]
          : []),
        ...statements,
      ],
    });
  }
  warnings.push(...tlsWarnings(config.host, config.tls.mode, encrypted));
  return {
    serverVersion: version as string,
    latencyMs,
    readOnlyAccount: !warnings.some(({ code }) => code.startsWith('account_')),
    warnings,
  };
}

interface Rights {
  readonly database: boolean;
  readonly schemas: readonly string[];
  readonly tables: readonly string[];
  readonly roles: readonly string[];
}

/** Rights can come through PUBLIC too, so both are named. */
function revocations(config: PostgresConfig, rights: Rights): string[] {
  const from = `FROM ${quoteIdentifier(config.username)}, PUBLIC;`;
  return [
    ...(rights.database ? [`REVOKE CREATE ON DATABASE ${quoteIdentifier(config.database)} ${from}`] : []),
    ...rights.schemas.map((schema) => `REVOKE CREATE ON SCHEMA ${quoteIdentifier(schema)} ${from}`),
    ...rights.tables.map(
      (schema) =>
        `REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA ${quoteIdentifier(schema)} ${from}`,
    ),
    ...rights.roles.map(
      (role) => `REVOKE ${quoteIdentifier(role)} FROM ${quoteIdentifier(config.username)};`,
    ),
  ];
}
