import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SteadyClient } from '../common/steady-client';
import type { Config } from '../config/config';
import { startSystemDatabase, type SystemDatabase } from './system-database';

/**
 * The system database for a command that may run beside the service: the one of `DATABASE_URL`, the embedded one that
 * the service runs, or, when none runs, the embedded one, started for as long as the command takes.
 */
export async function reachSystemDatabase(config: Config): Promise<SystemDatabase> {
  if (config.databaseUrl) return startSystemDatabase(config);
  const url = runningUrl(config);
  if (url && (await answers(url))) return { url, embedded: true, stop: async () => undefined };
  return startSystemDatabase(config);
}

function runningUrl({ dataDir, embeddedDatabasePassword }: Config): string | null {
  try {
    const port = Number(readFileSync(join(dataDir, 'postgres.port'), 'utf8'));
    const url = new URL(`postgresql://sluice@127.0.0.1:${port}/postgres`);
    url.password = encodeURIComponent(embeddedDatabasePassword);
    return url.href;
  } catch {
    return null;
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new SteadyClient({ connectionString: url, connectionTimeoutMillis: 3000 });
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
