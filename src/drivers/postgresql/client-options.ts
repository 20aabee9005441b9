import type { ClientConfig } from 'pg';
import { quoteIdentifier } from '../../common/quote/postgresql';
import type { ConnectOptions } from '../driver';
import type { TlsOptions } from '../tls';
import type { PostgresConfig } from './config';

/**
 * Settings every session starts with. Given in the startup packet they outrank those of the server, database and
 * role, and they are what `DISCARD ALL` returns to. The readers of cells rely on the output formats.
 */
function startupSettings(config: PostgresConfig, readOnly: boolean): Readonly<Record<string, string>> {
  return {
    search_path: config.searchPath.map(quoteIdentifier).join(',') || "''",
    TimeZone: 'UTC',
    DateStyle: 'ISO,YMD',
    IntervalStyle: 'iso_8601',
    bytea_output: 'hex',
    extra_float_digits: '3',
    standard_conforming_strings: 'on',
    xmloption: 'content',
    row_security: 'on',
    default_transaction_isolation: 'read committed',
    default_transaction_read_only: readOnly ? 'on' : 'off',
    default_transaction_deferrable: 'off',
  };
}

/** The `options` of the startup packet are split at white space; a backslash keeps it (manual, "StartupMessage"). */
function startupOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replace(/[\s\\]/g, String.raw`\$&`)}`)
    .join(' ');
}

/**
 * How pg opens a session. Nothing is left to be read from the service's own environment: pg would take `PGPASSWORD`,
 * `PGOPTIONS` or `PGSSLMODE` for a foreign server, and look up ~/.pgpass.
 */
export function clientOptions(
  config: PostgresConfig,
  address: string,
  tls: TlsOptions | null,
  options: Pick<ConnectOptions, 'readOnly' | 'applicationName' | 'connectTimeoutMs'>,
): ClientConfig {
  return {
    host: address,
    port: config.port,
    database: config.database,
    user: config.username,
    password: () => config.password,
    ssl: tls ?? false,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    options: startupOptions(startupSettings(config, options.readOnly)),
  };
}
