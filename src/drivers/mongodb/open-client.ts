import { isIP, type LookupFunction } from 'node:net';
import mongoose, { type Connection, type mongo } from 'mongoose';
import { AppError } from '../../common/app-error';
import type { ConnectOptions, ResolveHost } from '../driver';
import { tlsOptions } from '../tls';
import { mapMongoError } from './map-error';
import type { MongoConfig } from './parse-config';

const hostOf = (place: string): string => place.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');

/** Node's `lookup` under the address policy: whatever name the client meets later is resolved here too. */
function guardedLookup(resolveHost: ResolveHost): LookupFunction {
  return (hostname, options, callback) => {
    const answer = async (): Promise<void> => {
      try {
        const { address, family } = await resolveHost(hostname);
        if (options.all) callback(null, [{ address, family }]);
        else callback(null, address, family);
      } catch (error) {
        callback(error as NodeJS.ErrnoException, options.all ? [] : '', 0);
      }
    };
    void answer();
  };
}

function uriOf({ srv, hosts, database }: MongoConfig): string {
  return `mongodb${srv ? '+srv' : ''}://${hosts.join(',')}/${database}`;
}

function clientOptions(config: MongoConfig, options: ConnectOptions, pool: { min: number; max: number }) {
  const { username, password, tls } = config;
  const { directConnection, ...named } = config.options;
  const direct =
    directConnection ?? (!config.srv && config.hosts.length === 1 && named.replicaSet === undefined);
  const { checkServerIdentity, ...tlsRest } = tlsOptions(
    tls,
    config.srv ? '' : hostOf(config.hosts[0] ?? ''),
  );
  // a server of a set has a name of its own to be checked against: the client passes it
  const checked = tls.mode === 'verify-full' ? tlsRest : { ...tlsRest, checkServerIdentity };
  const { servername: _seed, ...withoutName } = checked;
  return {
    ...named,
    ...(direct ? { directConnection: true } : {}),
    ...(username === undefined
      ? {}
      : { auth: { username, password: password ?? '' }, authSource: named.authSource ?? 'admin' }),
    tls: tls.mode !== 'disable',
    ...(tls.mode === 'disable' ? {} : tls.servername === undefined ? withoutName : checked),
    lookup: guardedLookup(options.resolveHost),
    appName: options.applicationName.slice(0, 128),
    minPoolSize: pool.min,
    maxPoolSize: pool.max,
    maxIdleTimeMS: options.idleMs,
    waitQueueTimeoutMS: options.acquireTimeoutMs,
    connectTimeoutMS: options.connectTimeoutMs,
    serverSelectionTimeoutMS: options.connectTimeoutMs,
    heartbeatFrequencyMS: 5_000,
    serverMonitoringMode: 'poll' as const,
    retryReads: false,
    retryWrites: false,
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
  } satisfies mongoose.ConnectOptions & mongo.MongoClientOptions;
}

/**
 * Opens a client whose every address passes the policy.
 *
 * @throws AppError `connection.*`
 */
export async function openClient(
  config: MongoConfig,
  options: ConnectOptions,
  pool: { min: number; max: number },
): Promise<Connection> {
  // sockets to a literal address never ask `lookup`
  if (!config.srv) for (const place of config.hosts) await options.resolveHost(hostOf(place));
  let denied: AppError | null = null;
  const connection = mongoose.createConnection();
  try {
    const opening = connection.openUri(uriOf(config), clientOptions(config, options, pool));
    connection.getClient().on('serverOpening', ({ address }) => {
      const host = hostOf(address);
      if (!isIP(host) || config.hosts.some((place) => hostOf(place) === host)) return;
      const refuse = (error: unknown): void => {
        denied = error instanceof AppError ? error : new AppError('connection.address_denied');
        void connection.close(true);
      };
      options.resolveHost(host).catch(refuse);
    });
    await opening;
    return connection;
  } catch (error) {
    await connection.close(true).catch(() => undefined);
    throw denied ?? mapMongoError(error, 'connection.unreachable');
  }
}
