import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Instance } from '../../src/database/instance';
import { AbandonedRunsJob } from '../../src/modules/query/abandoned-runs.job';
import { postgresqlEngine, type SqlEngine } from '../e2e/engines';
import { startTestService, type Answer, type TestService } from '../e2e/service';

const MAIN = join(__dirname, '..', '..', 'dist', 'main.js');
const JWT_SECRET = randomBytes(24).toString('hex');
const KEY = { id: 'test', key: randomBytes(32) };

describe('runs whose process died', () => {
  let service: TestService;
  let replica: TestService;
  let engine: SqlEngine;
  let connectionId: string;
  let dataDir: string;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    if (!existsSync(MAIN)) throw new Error('dist is missing: run `npm run build` first');
    dataDir = mkdtempSync(join(tmpdir(), 'sluice-abandoned-'));
    [service, engine] = await Promise.all([
      startTestService({ jwtSecret: Buffer.from(JWT_SECRET), encryptionKeys: [KEY] }),
      postgresqlEngine(),
    ]);
    replica = await service.replica();
    const created = await service.api('POST', '/api/database/connections', { name: 'e', ...engine.target });
    connectionId = created.body.id;
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await service?.close();
    await engine?.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const jobOf = ({ service: { app } }: TestService): AbandonedRunsJob => app.get(AbandonedRunsJob);
  const pending = async (): Promise<string[]> => {
    const { body } = await service.api('GET', '/api/database/history?status=pending');
    return body.items.map(({ id }: { id: string }) => id).toSorted();
  };
  const waitFor = async (count: number): Promise<string[]> => {
    for (let n = 0; n < 300; n++) {
      const ids = await pending();
      if (ids.length === count) return ids;
      await sleep(30);
    }
    throw new Error(`there never were ${count} pending runs`);
  };
  const ask = (one: TestService, seconds: number): Promise<Answer> =>
    one.api(
      'POST',
      '/api/database/query',
      { connectionId, query: engine.slow(seconds), timeoutMs: 60_000 },
      service.admin,
    );

  /** Another replica as a process of its own. */
  async function startProcess(): Promise<{ url: string; child: ChildProcess }> {
    const child = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        DATA_DIR: dataDir,
        DATABASE_URL: service.database.url,
        ENCRYPTION_KEYS: `${KEY.id}:${KEY.key.toString('base64')}`,
        JWT_SECRET,
        SAMPLES: 'false',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    let text = '';
    for await (const part of child.stdout) {
      text += String(part);
      const [, url] = /Sluice is ready: (\S+)\/docs/.exec(text) ?? [];
      if (url) return { url, child };
    }
    throw new Error(text);
  }

  it('are closed by another replica, and those of the living are not', async () => {
    const { url, child } = await startProcess();
    const doomed = fetch(`${url}/api/database/query`, {
      method: 'POST',
      headers: { authorization: `Bearer ${service.admin}`, 'content-type': 'application/json' },
      body: JSON.stringify({ connectionId, query: engine.slow(70), timeoutMs: 60_000 }),
    }).catch((error: unknown) => error);
    const [doomedId] = await waitFor(1);
    const living = ask(service, 71);
    const both = await waitFor(2);
    expect(await jobOf(replica).close()).toBe(0);
    expect(await pending()).toEqual(both);

    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await doomed).toMatchObject({ message: 'fetch failed' });
    for (let n = 0; n < 100 && (await pending()).length > 1; n++) await jobOf(replica).close();
    const livingId = both.find((id) => id !== doomedId)!;
    expect(await pending()).toEqual([livingId]);
    const { body } = await service.api('GET', `/api/database/history/${doomedId}`);
    expect(body).toMatchObject({ status: 'error', errorCode: 'query.interrupted', rowCount: null });
    expect(body.finishedAt).not.toBeNull();

    expect((await service.api('DELETE', `/api/database/query/${livingId}`)).status).toBe(204);
    expect((await living).body.code).toBe('query.cancelled');
    expect(await jobOf(replica).close()).toBe(0);
  }, 60_000);

  it('are not those of a process that holds its lock again at the second look', async () => {
    const database = service.service.app.get(DataSource);
    const [instance, run] = [randomUUID(), randomUUID()];
    await database.query(`INSERT INTO query_history (id, instance_id, status) VALUES ($1, $2, 'pending')`, [
      run,
      instance,
    ]);
    const holder = database.createQueryRunner();
    try {
      const closing = jobOf(replica).close();
      await sleep(1000);
      await holder.query('SELECT pg_advisory_lock_shared(hashtextextended($1, 4270615))', [instance]);
      expect(await closing).toBe(0);
      expect(await pending()).toEqual([run]);
      await holder.query('SELECT pg_advisory_unlock_all()');
      expect(await jobOf(replica).close()).toBe(1);
      expect(await pending()).toEqual([]);
    } finally {
      await holder.release();
    }
  }, 60_000);

  it('are not those of a process that only lost the session its lock was in', async () => {
    const { id } = service.service.app.get(Instance);
    const database = service.service.app.get(DataSource);
    const holders = async (): Promise<number[]> => {
      // The halves of a lock on one 64-bit key (PostgreSQL manual, pg_locks).
      const rows: { pid: number }[] = await database.query(
        `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND mode = 'ShareLock'
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND (classid::bigint << 32) | objid::bigint = hashtextextended($1, 4270615)`,
        [id],
      );
      return rows.map(({ pid }) => pid);
    };
    const [held] = await holders();
    const living = ask(service, 72);
    const [livingId] = await waitFor(1);
    await database.query('SELECT pg_terminate_backend($1::int)', [held]);
    const closing = jobOf(replica).close();
    for (let n = 0; n < 200 && !(await holders()).some((pid) => pid !== held); n++) await sleep(20);
    expect(await holders()).toEqual([expect.any(Number)]);
    expect((await holders())[0]).not.toBe(held);
    expect(await closing).toBe(0);
    expect(await pending()).toEqual([livingId]);
    await service.api('DELETE', `/api/database/query/${livingId}`);
    expect((await living).body.code).toBe('query.cancelled');
  }, 60_000);
});
