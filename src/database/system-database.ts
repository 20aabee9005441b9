import { join } from 'node:path';
import type { Config } from '../config/config';
import { startEmbeddedPostgres } from './embedded-postgres';

export interface SystemDatabase {
  readonly url: string;
  readonly embedded: boolean;
  stop(): Promise<void>;
}

/** The database of `DATABASE_URL`, or the embedded PostgreSQL in `DATA_DIR`, which lives as long as the service. */
export async function startSystemDatabase(config: Config): Promise<SystemDatabase> {
  if (config.databaseUrl) return { url: config.databaseUrl, embedded: false, stop: async () => undefined };
  const server = await startEmbeddedPostgres({
    dir: join(config.dataDir, 'postgres'),
    user: 'sluice',
    password: config.embeddedDatabasePassword,
  });
  return { url: server.url, embedded: true, stop: () => server.stop() };
}
