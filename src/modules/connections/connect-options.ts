import type { Config } from '../../config/config';
import type { ConnectOptions } from '../../drivers/driver';
import { policyResolver } from './address-policy';
import { filePolicy } from './file-policy';

/** Sessions kept open while a Source lives; up to `maxConnections` more come and go with the load. */
const KEEP_SESSIONS = 5;

/**
 * How the service opens pools, whatever the engine.
 * @param servers among which the sessions of the service are divided; each has one more, which watches it
 */
export function connectOptions(
  config: Pick<Config, 'denyPrivateNetworks' | 'dataDir' | 'sqliteDirs' | 'maxSessionsTotal'>,
  connection: { readonly readOnly: boolean; readonly maxConnections: number },
  servers = 1,
): ConnectOptions {
  const room = servers === 1 ? config.maxSessionsTotal : Math.floor(config.maxSessionsTotal / servers) - 1;
  const maxSessions = Math.max(1, Math.min(connection.maxConnections, room));
  return {
    maxSessions,
    keepSessions: Math.min(KEEP_SESSIONS, maxSessions),
    idleMs: 60_000,
    recycleMs: 3_600_000,
    prePingAfterMs: 10_000,
    connectTimeoutMs: 5_000,
    acquireTimeoutMs: 10_000,
    readOnly: connection.readOnly,
    applicationName: 'sluice',
    resolveHost: policyResolver(config.denyPrivateNetworks),
    resolveFile: filePolicy(config.dataDir, config.sqliteDirs),
  };
}
