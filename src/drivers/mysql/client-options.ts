import { connect } from 'node:net';
import type { PoolOptions, SslOptions } from 'mysql2';
import type { ConnectOptions, TlsConfig } from '../driver';
import type { MysqlConfig } from './config';

/**
 * How mysql2 opens a session. The socket goes to the pinned address while `host` stays the name, which is what TLS
 * announces and checks. With an IP address as host, mysql2 has no name to check and `verify-full` fails: `servername`
 * names it then.
 */
export function clientOptions(
  config: MysqlConfig,
  address: string,
  tls: TlsConfig,
  options: Pick<ConnectOptions, 'applicationName' | 'connectTimeoutMs'>,
): PoolOptions {
  return {
    host: tls.servername ?? config.host,
    port: config.port,
    stream: () =>
      connect({
        host: address,
        port: config.port,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: 10_000,
      }),
    database: config.database,
    user: config.username,
    password: config.password,
    ...(tls.mode === 'disable' ? {} : { ssl: sslOptions(tls) }),
    connectTimeout: options.connectTimeoutMs,
    charset: 'utf8mb4',
    multipleStatements: false,
    // no file of this machine is for a server to ask for; count changed rows, not found ones
    flags: ['-LOCAL_FILES', '-FOUND_ROWS'],
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
    // each costs memory here and on the server, and they are closed with every reset
    maxPreparedStatements: 16,
    connectAttributes: { program_name: options.applicationName },
  };
}

function sslOptions(tls: TlsConfig): SslOptions {
  return {
    rejectUnauthorized: tls.mode === 'verify-ca' || tls.mode === 'verify-full',
    verifyIdentity: tls.mode === 'verify-full',
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  };
}
