import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../../src/database/find-free-port';
import { startTestService, type TestService } from './service';
import type { WatchedEngine } from './stop-attempts';
import { watchedPostgresql } from './watched-engines';

const MAIN = path.join(__dirname, '..', '..', 'dist', 'main.js');
const JOBS = '/api/database/query/jobs';

describe('a background run whose process is killed', () => {
  let service: TestService;
  let engine: WatchedEngine;
  let child: ChildProcess | null = null;
  let dataDir: string;

  beforeAll(async () => {
    if (!existsSync(MAIN)) throw new Error('dist is missing: run `npm run build` first');
    [service, engine] = await Promise.all([startTestService(), watchedPostgresql()]);
    dataDir = `${service.config.dataDir}.killed`;
  });
  afterAll(async () => {
    child?.kill('SIGKILL');
    await service?.close();
    await engine?.drop();
    for (const dir of [dataDir, service.config.dataDir]) rmSync(dir, { recursive: true, force: true });
  });

  /** A replica in a process of its own; resolves when it is ready. */
  const startChild = async (): Promise<ChildProcess> => {
    const { config, database } = service;
    const started = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env.PATH,
        PORT: String(await findFreePort()),
        DATA_DIR: dataDir,
        DATABASE_URL: database.url,
        ENCRYPTION_KEYS: config.encryptionKeys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(),
        JWT_SECRET: 'the same on all of them, and long enough',
        SAMPLES: 'false',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve, reject) => {
      started.once('exit', () => reject(new Error('the replica does not start')));
      started.stdout.on('data', (part: Buffer) => {
        if (part.toString().includes('Sluice is ready')) resolve();
      });
    });
    return started;
  };
  const create = async (connectionId: string, query: unknown): Promise<string> =>
    (await service.api('POST', JOBS, { connectionId, query })).body.id;
  const get = async (id: string): Promise<any> => (await service.api('GET', `${JOBS}/${id}`)).body;

  it('is lost, and says so; what waited is run by another replica', async () => {
    const made = await service.api('POST', '/api/database/connections', { name: 'e', ...engine.target });
    const connectionId = made.body.id as string;
    // One place a replica: this one has its hands full, so that the next one goes to the other.
    await service.api('PATCH', '/api/settings/background_running_per_replica', { value: 1 });
    const blocker = await create(connectionId, engine.slow('blocker'));
    while ((await get(blocker)).state === 'queued') await sleep(50);
    child = await startChild();
    const running = await create(connectionId, engine.slow('killed'));
    while ((await get(running)).state === 'queued') await sleep(50);
    const waiting = await create(connectionId, engine.quick);
    child.kill('SIGKILL');
    while ((await get(running)).state === 'running') await sleep(100);
    expect(await get(running)).toMatchObject({
      state: 'lost',
      error: { code: 'job.lost' },
      result: null,
    });
    expect((await get(waiting)).state).toBe('queued');
    expect((await service.api('DELETE', `${JOBS}/${blocker}`)).status).toBe(204);
    while ((await get(waiting)).state !== 'done') await sleep(50);
    const { text } = await service.api('GET', `${JOBS}/${waiting}/result`);
    expect(text).toContain('{"c":"5000"}');
  }, 90_000);
});
