import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';

const LOOK_EVERY_MS = 50;
/** An intent may be committed a moment after the map that it was decided on has changed. */
const QUIET_LOOKS = 2;

/** Waits until nothing runs on a connection, on any replica, at most `graceMs`. What is recorded as pending runs. */
export async function drain(dataSource: DataSource, connectionId: string, graceMs: number): Promise<void> {
  const until = performance.now() + graceMs;
  for (let quiet = 0; quiet < QUIET_LOOKS && performance.now() < until;) {
    const [row] = (await dataSource.query(
      `SELECT EXISTS (SELECT 1 FROM query_history WHERE status = 'pending' AND connection_id = $1) AS busy`,
      [connectionId],
    )) as { busy: boolean }[];
    quiet = row?.busy === true ? 0 : quiet + 1;
    await sleep(LOOK_EVERY_MS);
  }
}
