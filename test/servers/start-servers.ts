import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { engines, skippedEngines, type Engine, type StartedServer } from './engine';
import { startMariadb } from './mariadb';
import { startMongodb } from './mongodb';
import { startPostgresql } from './postgresql';
import { startRedis } from './redis';
import { removeWithProcess } from './remove-with-process';

type Starter = (dir: string) => Promise<StartedServer>;

const starters: Readonly<Record<Engine, Starter>> = {
  postgresql: startPostgresql,
  mariadb: startMariadb,
  redis: startRedis,
  mongodb: startMongodb,
};

/** Starts every server that is not skipped, at the same time; when one cannot be had, stops the others and says why. */
export async function startServers(): Promise<{ servers: StartedServer[]; stop(): Promise<void> }> {
  const skipped = skippedEngines();
  const root = mkdtempSync(path.join(tmpdir(), 'sluice-test-'));
  // servers that do not want to be root work below it as nobody
  chmodSync(root, 0o711);
  removeWithProcess(root);
  const results = await Promise.allSettled(
    engines
      .filter((engine) => !skipped.includes(engine))
      .map(async (engine) => {
        const dir = path.join(root, engine);
        mkdirSync(dir, { recursive: true });
        return starters[engine](dir);
      }),
  );
  const servers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(root, { recursive: true, force: true });
  };
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as Error] : [],
  );
  if (failures.length > 0) {
    await stop();
    throw new Error(failures.map((failure) => failure.message).join('\n'), { cause: failures[0] });
  }
  return { servers, stop };
}
