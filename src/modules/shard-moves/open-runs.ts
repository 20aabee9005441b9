import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';

const LOOK_EVERY_MS = 20;
const LOOK_AT_LEAST_EVERY_MS = 500;

/**
 * Waits until the writes have ended that run on a connection now, on any replica. Meaningful while new ones are paused:
 * whoever was let in before has its intent committed by then, and a run is pending until its database has answered.
 */
export async function writesEnded(
  dataSource: DataSource,
  connectionId: string,
  signal: AbortSignal,
): Promise<void> {
  const rows = (await dataSource.query(
    `SELECT id FROM query_history WHERE status = 'pending' AND connection_id = $1 AND access IS DISTINCT FROM 'read'`,
    [connectionId],
  )) as { id: string }[];
  const ids = rows.map(({ id }) => id);
  await until(signal, LOOK_EVERY_MS, async () => {
    const left = (await dataSource.query(
      `SELECT 1 FROM query_history WHERE status = 'pending' AND id = ANY($1::uuid[]) LIMIT 1`,
      [ids],
    )) as unknown[];
    return left.length === 0;
  });
}

/** Waits until nothing runs on a connection that was there before a moment. */
export async function olderRunsEnded(
  dataSource: DataSource,
  connectionId: string,
  before: Date,
  signal: AbortSignal,
): Promise<void> {
  await until(signal, LOOK_AT_LEAST_EVERY_MS, () =>
    isWithout(dataSource, connectionId, 'created_at <= $2', before),
  );
}

/** Waits until no write runs that has been at it for a while: nobody should be paused for its sake. */
export async function longWritesEnded(
  dataSource: DataSource,
  connectionId: string,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  const old = `access IS DISTINCT FROM 'read' AND created_at < clock_timestamp() - make_interval(secs => $2)`;
  await until(signal, LOOK_AT_LEAST_EVERY_MS, () => isWithout(dataSource, connectionId, old, seconds));
}

async function isWithout(
  dataSource: DataSource,
  connectionId: string,
  condition: string,
  value: unknown,
): Promise<boolean> {
  const rows = (await dataSource.query(
    `SELECT 1 FROM query_history WHERE status = 'pending' AND connection_id = $1 AND ${condition} LIMIT 1`,
    [connectionId, value],
  )) as unknown[];
  return rows.length === 0;
}

async function until(signal: AbortSignal, everyMs: number, done: () => Promise<boolean>): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await done()) return;
    await sleep(everyMs, undefined, { signal });
  }
}
