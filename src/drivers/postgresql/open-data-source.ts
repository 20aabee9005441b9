import { DataSource } from 'typeorm';
import type { ConnectOptions } from '../driver';
import type { TlsOptions } from '../tls';
import { clientOptions } from './client-options';
import type { PostgresConfig } from './config';
import { WireClient } from './wire-client';

/**
 * The TypeORM data source that holds the sockets; it has no entities. Everything about a session is given in `extra`,
 * which TypeORM lays over what it derives itself.
 */
export function createDataSource(
  config: PostgresConfig,
  address: string,
  tls: TlsOptions | null,
  options: ConnectOptions,
): DataSource {
  return new DataSource({
    type: 'postgres',
    // known beforehand, so that TypeORM does not ask
    database: config.database,
    schema: config.searchPath[0] ?? 'public',
    entities: [],
    logging: false,
    installExtensions: false,
    poolSize: options.maxSessions,
    // a session that breaks while it is idle is no event: the pool has dropped it
    poolErrorHandler: () => undefined,
    extra: {
      ...clientOptions(config, address, tls, options),
      // pg's pool makes its clients of this class
      Client: WireClient,
      max: options.maxSessions,
      min: options.keepSessions,
      idleTimeoutMillis: options.idleMs,
      maxLifetimeSeconds: options.recycleMs / 1_000,
    },
  });
}
