import type { DataSource } from 'typeorm';

/**
 * Runs `work` unless another replica is at it: jobs run once per cluster. The lock belongs to a session, so it goes
 * with the process that held it.
 * @returns whether this replica did the work
 */
export async function withClusterLock(
  dataSource: DataSource,
  name: string,
  work: () => Promise<void>,
): Promise<boolean> {
  const runner = dataSource.createQueryRunner();
  await runner.connect();
  try {
    const [row] = (await runner.query('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken', [
      `sluice.${name}`,
    ])) as { taken: boolean }[];
    if (!row?.taken) return false;
    try {
      await work();
    } finally {
      await runner.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [`sluice.${name}`]);
    }
    return true;
  } finally {
    await runner.release();
  }
}
