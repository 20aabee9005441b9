import type { DataSourceOptions } from 'typeorm';
import { SteadyClient } from '../common/steady-client';
import { loadMigrations } from './migrations';

/** Options of the data source on the system database, for the service and for the migration command alike. */
export function systemDataSourceOptions(url: string, poolSize: number): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    applicationName: 'sluice',
    poolSize,
    migrations: loadMigrations(),
    migrationsTableName: 'schema_migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    // gen_random_uuid() is built in since PostgreSQL 13: no extension, no superuser.
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    extra: {
      // pg's pool makes its clients of this class
      Client: SteadyClient,
      connectionTimeoutMillis: 10_000,
      idleTimeoutMillis: 60_000,
      // The service reads and compares times itself; the session must not depend on the server's locale.
      options: '-c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601 -c lock_timeout=10s',
    },
  };
}
