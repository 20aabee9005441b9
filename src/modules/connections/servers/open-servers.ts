import { AppError } from '../../../common/app-error';
import type { Config } from '../../../config/config';
import { driverFor } from '../../../drivers';
import type { ConnectionInput, Source } from '../../../drivers/driver';
import { connectOptions } from '../connect-options';
import type { ConnectionRecord } from '../connection-record';
import { DatabaseServer } from './database-server';
import { ServerSet, type ServerSetOptions } from './server-set';

const OPEN_TIMEOUT_MS = 10_000;

interface OpenServersOptions extends Pick<ServerSetOptions, 'maxLagMs' | 'onPrimaryChange'> {
  readonly config: Parameters<typeof connectOptions>[0] & Pick<Config, 'shutdownGraceMs'>;
}

/** Opens a connection that names several servers. @throws AppError `connection.*` when none of them can be reached */
export async function openServers(
  record: Pick<ConnectionRecord, 'type' | 'readOnly' | 'maxConnections'>,
  input: ConnectionInput,
  { config, maxLagMs, onPrimaryChange }: OpenServersOptions,
): Promise<Source> {
  const driver = await driverFor(record.type);
  const parsed = driver.parseConfig(input);
  const { replication } = driver;
  const configs = driver.servers?.(parsed) ?? [];
  if (!replication || configs.length < 2) throw new AppError('connection.unsupported_type');
  const options = connectOptions(config, record, configs.length);
  const watching = { ...options, readOnly: true, maxSessions: 1, keepSessions: 1 };
  const members = configs.map(
    (own) =>
      new DatabaseServer({
        address: { host: own.host, port: own.port },
        replication,
        connect: (use, signal) => driver.connect(own, use === 'watch' ? watching : options, signal),
        openTimeoutMs: OPEN_TIMEOUT_MS,
        graceMs: config.shutdownGraceMs,
      }),
  );
  const own = input.options?.maxReplicaLagMs;
  const set = new ServerSet(members, {
    replication,
    maxLagMs: typeof own === 'number' ? () => Promise.resolve(own) : maxLagMs,
    onPrimaryChange,
  });
  try {
    await set.open();
    return set;
  } catch (error) {
    await set.close();
    throw error;
  }
}
