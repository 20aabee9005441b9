import { createConnection, type PoolOptions } from 'mysql2';
import { DataSource } from 'typeorm';
import type { ConnectOptions, Driver, DriverDescription, Source, TlsConfig } from '../driver';
import { initialize } from '../initialize-data-source';
import { PooledSource } from '../pooled-source';
import { unlessAborted } from '../unless-aborted';
import { clientOptions } from './client-options';
import { parseMysqlConfig, publicMysqlConfig, type MysqlConfig } from './config';
import { mariadbDescription, mysqlDescription } from './description';
import { MysqlEngine } from './engine';
import { isTlsRefusal, mapConnectError } from './map-error';
import { configsOfServers } from '../sql-config';
import { readOnlyAccount } from './read-only-account';
import { mysqlReplication } from './replication';
import type { Flavour } from './session';
import { MysqlSessions } from './sessions';

export const mysqlDriver = driver(mysqlDescription, 'mysql');
export const mariadbDriver = driver(mariadbDescription, 'mariadb');

function driver(description: DriverDescription, flavour: Flavour): Driver<MysqlConfig> {
  return {
    description,
    parseConfig: parseMysqlConfig,
    publicConfig: publicMysqlConfig,
    connect: (config, options, signal) => connect(flavour, config, options, signal),
    readOnlyAccountScript: (config, { username }) => readOnlyAccount(config, username),
    servers: configsOfServers,
    replication: mysqlReplication,
  };
}

async function connect(
  expected: Flavour,
  config: MysqlConfig,
  given: ConnectOptions,
  signal: AbortSignal,
): Promise<Source> {
  const options = {
    ...given,
    connectTimeoutMs: Number(config.options['connectTimeoutMs'] ?? given.connectTimeoutMs),
  };
  const { address } = await unlessAborted(options.resolveHost(config.host), signal);
  const attempt = async (tls: TlsConfig): Promise<Source> => {
    const client = clientOptions(config, address, tls, options);
    const dataSource = createDataSource(expected, config, client, options);
    await initialize(dataSource, signal);
    const flavour = await flavourOf(dataSource);
    const rules = {
      flavour,
      readOnly: options.readOnly,
      database: config.database,
      kill: (id: number) => kill(client, id),
    } as const;
    const sessions = new MysqlSessions(dataSource, rules, options);
    return new PooledSource(new MysqlEngine(config, tls.mode !== 'disable', sessions), options);
  };
  try {
    return await attempt(config.tls);
  } catch (error) {
    if (config.tls.mode !== 'prefer' || !isTlsRefusal(error)) throw mapConnectError(error);
  }
  try {
    return await attempt({ mode: 'disable' });
  } catch (error) {
    throw mapConnectError(error);
  }
}

/** The two servers differ in more than their names: what answers decides, not what was registered. */
async function flavourOf(dataSource: DataSource): Promise<Flavour> {
  const [row] = await dataSource.query<{ version: string }[]>(
    "select concat(@@version, ' ', @@version_comment) as version",
  );
  return /mariadb/i.test(row?.version ?? '') ? 'mariadb' : 'mysql';
}

/** The TypeORM data source that holds the sockets; it has no entities. */
function createDataSource(
  flavour: Flavour,
  config: MysqlConfig,
  client: PoolOptions,
  options: ConnectOptions,
): DataSource {
  return new DataSource({
    type: flavour,
    database: config.database,
    entities: [],
    logging: false,
    poolSize: options.maxSessions,
    // laid over what TypeORM derives itself
    extra: { ...client, connectionLimit: options.maxSessions },
  });
}

/** Stops what a session runs, over a connection of its own; resolves when the server has taken the order. */
async function kill(client: PoolOptions, threadId: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const connection = createConnection(client);
    connection.on('error', reject);
    connection.query(`KILL QUERY ${threadId}`, (error) => {
      connection.destroy();
      // ER_NO_SUCH_THREAD: the session has ended, and its statement with it
      if (error && error.errno !== 1094) reject(error);
      else resolve();
    });
  });
}
