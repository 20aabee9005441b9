import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres';

/** Injection token of the running system database. */
export const SYSTEM_DATABASE = Symbol('SystemDatabase');

export interface SystemDatabase {
  readonly url: string;
  /** In `DATA_DIR`, ours to the last byte, with a superuser. */
  readonly embedded: boolean;
  stop(): Promise<void>;
}

/** The database of `DATABASE_URL`, or the embedded PostgreSQL in `DATA_DIR`, which lives as long as the service. */
export async function startSystemDatabase(config: Config): Promise<SystemDatabase> {
  if (config.databaseUrl) return { url: config.databaseUrl, embedded: false, stop: async () => undefined };
  const server = await startAtUsualPort(config);
  return { url: server.url, embedded: true, stop: () => server.stop() };
}

/** The port of the last start, so that saved connections to this server stay true; another one where it is taken. */
async function startAtUsualPort(config: Config): Promise<EmbeddedPostgres> {
  const file = join(config.dataDir, 'postgres.port');
  const options = {
    dir: join(config.dataDir, 'postgres'),
    user: 'sluice',
    password: config.embeddedDatabasePassword,
  };
  const usual = readPort(file);
  let server: EmbeddedPostgres | null = null;
  if (usual !== null) server = await startEmbeddedPostgres({ ...options, port: usual }).catch(() => null);
  server ??= await startEmbeddedPostgres(options);
  if (server.port !== usual) writeFileSync(file, `${server.port}\n`, { mode: 0o600 });
  return server;
}

function readPort(file: string): number | null {
  try {
    const port = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
  } catch {
    return null;
  }
}
