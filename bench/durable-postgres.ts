import { Client } from 'pg';
import { startEmbeddedPostgres } from '../src/database/embedded-postgres';

type Embedded = Awaited<ReturnType<typeof startEmbeddedPostgres>>;

/**
 * A server in `dir` that is as durable as where the service runs in earnest, and removed when it stops. Checkpoints are
 * kept out of the measurement: they would fall on one of the programs by chance.
 */
export async function startDurablePostgres(
  dir: string,
  removeAfterwards: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Embedded> {
  const postgres = await startEmbeddedPostgres({
    dir,
    password: 'bench',
    removeAfterwards,
    settings: {
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      checkpoint_timeout: '30min',
      max_wal_size: '4GB',
      min_wal_size: '1GB',
      ...settings,
    },
  });
  await recycleLogs(postgres.url);
  return postgres;
}

/**
 * Leaves segments of the write-ahead log that can be used again, as a server has them that has run for a while. A new
 * server writes each segment twice, first to fill it with zeros, and whoever commits waits for that.
 */
async function recycleLogs(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (let segment = 0; segment < 60; segment++) {
    await client.query(`SELECT pg_logical_emit_message(true, 'bench', '')`);
    await client.query('SELECT pg_switch_wal()');
  }
  await client.query('CHECKPOINT');
  await client.end();
}
