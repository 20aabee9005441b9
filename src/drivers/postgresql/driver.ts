import type { ConnectOptions, Driver, Source, TlsConfig } from '../driver';
import { tlsOptions } from '../tls';
import { initialize } from '../initialize-data-source';
import { unlessAborted } from '../unless-aborted';
import { clientOptions } from './client-options';
import { parsePostgresConfig, publicPostgresConfig, type PostgresConfig } from './config';
import { postgresqlDescription } from './description';
import { isTlsRefusal, mapConnectError } from './map-error';
import { createDataSource } from './open-data-source';
import { readOnlyAccount } from './read-only-account';
import { PostgresEngine } from './engine';
import { PooledSource } from '../pooled-source';
import { configsOfServers } from '../sql-config';
import { postgresqlReplication } from './replication';

export const postgresqlDriver: Driver<PostgresConfig> = {
  description: postgresqlDescription,
  parseConfig: parsePostgresConfig,
  publicConfig: publicPostgresConfig,
  connect,
  readOnlyAccountScript: (config, { username }) => readOnlyAccount(config, username),
  servers: configsOfServers,
  replication: postgresqlReplication,
};

async function connect(config: PostgresConfig, given: ConnectOptions, signal: AbortSignal): Promise<Source> {
  const options = {
    ...given,
    connectTimeoutMs: Number(config.options['connectTimeoutMs'] ?? given.connectTimeoutMs),
  };
  const { address } = await unlessAborted(options.resolveHost(config.host), signal);
  const attempt = async (tls: TlsConfig): Promise<Source> => {
    const how = tls.mode === 'disable' ? null : tlsOptions(tls, config.host);
    const dataSource = createDataSource(config, address, how, options);
    await initialize(dataSource, signal);
    const place = { address, port: config.port, tls: how };
    const client = clientOptions(config, address, how, options);
    return new PooledSource(new PostgresEngine(config, dataSource, place, client, options), options);
  };
  const startedAt = Date.now();
  try {
    return await attempt(config.tls);
  } catch (error) {
    if (config.tls.mode !== 'prefer' || !isTlsRefusal(error)) {
      throw mapConnectError(error, Date.now() - startedAt, options.connectTimeoutMs);
    }
  }
  try {
    return await attempt({ mode: 'disable' });
  } catch (error) {
    throw mapConnectError(error, Date.now() - startedAt, options.connectTimeoutMs);
  }
}
