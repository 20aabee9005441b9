import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Instance } from '../../src/database/instance';
import { startTestService, type Answer, type TestService, type TestUser } from './service';
import type { WatchedEngine } from './stop-attempts';
import { watchedPostgresql } from './watched-engines';

const JOBS = '/api/database/query/jobs';

describe('background runs on two replicas', () => {
  let first: TestService;
  let second: TestService;
  let engine: WatchedEngine;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    [first, engine] = await Promise.all([startTestService(), watchedPostgresql()]);
    second = await first.replica();
    const created = await first.api('POST', '/api/database/connections', { name: 'e', ...engine.target });
    connectionId = created.body.id;
  });
  afterAll(async () => {
    await first?.close();
    await engine?.drop();
    rmSync(first.config.dataDir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    user = await first.user('user');
    await permit({});
  });

  const permit = async (more: Record<string, unknown>): Promise<void> => {
    const path = `/api/database/connections/${connectionId}/permissions/${user.id}`;
    const body = { allowedTables: engine.allowedTables, maxRowsPerQuery: null, ...more };
    expect((await first.api('PUT', path, { maxExecutionTimeSeconds: 60, ...body })).status).toBe(200);
  };
  const setting = async (key: string, value: number): Promise<void> => {
    expect((await first.api('PATCH', `/api/settings/${key}`, { value })).status).toBe(200);
  };
  const create = async (query: unknown, more: Record<string, unknown> = {}): Promise<string> => {
    const answer = await first.api('POST', JOBS, { connectionId, query, ...more }, user.token);
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`${JOBS}/${answer.body.id}`);
    return answer.body.id as string;
  };
  const get = async (id: string, by: TestService = second): Promise<any> =>
    (await by.api('GET', `${JOBS}/${id}`, undefined, user.token)).body;
  const until = async (id: string, ...states: string[]): Promise<any> => {
    for (;;) {
      const job = await get(id);
      if (states.includes(job.state)) return job;
      await sleep(50);
    }
  };
  const ended = (id: string): Promise<any> => until(id, 'done', 'failed', 'cancelled', 'lost');
  const remove = (id: string, by: TestService = first): Promise<Answer> =>
    by.api('DELETE', `${JOBS}/${id}`, undefined, user.token);
  const download = (id: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${second.url}${JOBS}/${id}/result`, {
      headers: { authorization: `Bearer ${user.token}`, ...headers },
    });
  const codeOf = async (response: Response): Promise<unknown> =>
    ((await response.json()) as { code?: unknown }).code;
  const files = (): string[] => readdirSync(join(first.config.dataDir, 'query-results'));
  const filesOf = (id: string): string[] => files().filter((name) => name.startsWith(id));
  const gone = async (id: string): Promise<void> => {
    while (filesOf(id).length > 0) await sleep(20);
  };
  const running = async (marker: string): Promise<void> => {
    while (!(await engine.isRunning(marker))) await sleep(20);
  };
  const stopped = async (marker: string): Promise<void> => {
    while (await engine.isRunning(marker)) await sleep(20);
  };
  const audited = async (id: string): Promise<string[]> => {
    const rows: { action: string }[] = await first.service.app
      .get(DataSource)
      .query(
        `SELECT action FROM audit_logs WHERE resource_type = 'query_job' AND resource_id = $1 ORDER BY created_at`,
        [id],
      );
    return rows.map(({ action }) => action);
  };

  it('keeps the result sealed, and gives all of it or a part', async () => {
    const id = await create(`SELECT n, 'canary' AS c FROM numbers ORDER BY n`, { format: 'csv' });
    const job = await ended(id);
    expect(job).toMatchObject({ state: 'done', format: 'csv', attempts: 1, error: null });
    const response = await download(id);
    const whole = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${id}.csv"`);
    expect(whole.split('\r\n')[0]).toBe('n,c');
    expect(whole.trimEnd().split('\r\n')).toHaveLength(job.result.rows + 1);
    expect(Buffer.byteLength(whole)).toBe(job.result.bytes);
    expect(job.progress).toEqual({ rows: job.result.rows, bytes: job.result.bytes });

    const [name] = filesOf(id);
    const stored = readFileSync(join(first.config.dataDir, 'query-results', name!));
    expect(stored.includes('canary')).toBe(false);

    const etag = response.headers.get('etag')!;
    expect(etag).toBe(`"${job.result.sha256}"`);
    const part = await download(id, { range: 'bytes=2-9', 'if-range': etag });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
      206,
      `bytes 2-9/${job.result.bytes}`,
      whole.slice(2, 10),
    ]);
    const other = await download(id, { range: 'bytes=2-9', 'if-range': '"other"' });
    expect([other.status, await other.text()]).toEqual([200, whole]);
    const outside = await download(id, { range: `bytes=${job.result.bytes}-` });
    expect([outside.status, outside.headers.get('content-range'), await codeOf(outside)]).toEqual([
      416,
      `bytes */${job.result.bytes}`,
      'request.range_unsatisfiable',
    ]);
    expect((await download(id, { 'if-none-match': etag })).status).toBe(304);

    expect((await remove(id)).status).toBe(204);
    expect((await get(id)).code).toBe('resource.not_found');
    await gone(id);
    expect(await audited(id)).toEqual([
      'query_job.create',
      'query_job.start',
      'query_job.end',
      ...Array<string>(3).fill('query_job.download'),
      'query_job.delete',
    ]);
  });

  it('is the business of whoever asked: administrators see that it is there', async () => {
    const id = await create('SELECT count(*) AS c FROM numbers');
    await ended(id);
    const other = await first.user('user');
    for (const [method, path] of [
      ['GET', `${JOBS}/${id}`],
      ['GET', `${JOBS}/${id}/result`],
      ['DELETE', `${JOBS}/${id}`],
    ] as const) {
      const { status, body } = await first.api(method, path, undefined, other.token);
      expect([status, body.code]).toEqual([404, 'resource.not_found']);
    }
    const idsOf = async (token: string): Promise<string[]> =>
      (await second.api('GET', JOBS, undefined, token)).body.items.map((job: { id: string }) => job.id);
    expect(await idsOf(other.token)).toEqual([]);
    expect(await idsOf(user.token)).toEqual([id]);
    expect(await idsOf(first.admin)).toContain(id);
    expect((await first.api('GET', `${JOBS}/${id}`)).body).toMatchObject({ id, statement: null });
    expect((await first.api('GET', `${JOBS}/${id}/result`)).status).toBe(404);
    expect((await get(id)).statement).toBe('SELECT count(*) AS c FROM numbers');
    expect((await first.api('DELETE', `${JOBS}/${id}`)).status).toBe(204);
  });

  it('says what a body lacks, and fails with what the statement is refused for', async () => {
    const wrong = { connectionId, query: 'SELECT 1', format: 'pdf', options: { bom: true } };
    const { status, body } = await first.api('POST', JOBS, wrong, user.token);
    expect([status, body.code, body.errors[0].path]).toEqual([400, 'request.invalid', '/format']);
    const elsewhere = { connectionId: randomUUID(), query: 'SELECT 1' };
    expect((await first.api('POST', JOBS, elsewhere, user.token)).status).toBe(404);

    const id = await create('SELECT * FROM elsewhere.secrets');
    const job = await ended(id);
    expect([job.state, job.error.code, job.result]).toEqual(['failed', 'permission.table_denied', null]);
    const { body: run } = await first.api(
      'GET',
      `/api/database/history/${job.queryId}`,
      undefined,
      user.token,
    );
    expect([run.status, run.errorCode]).toEqual(['error', 'permission.table_denied']);
    const refused = await download(id);
    expect([refused.status, await codeOf(refused)]).toEqual([409, 'job.not_done']);
    const write = await ended(await create('DELETE FROM numbers'));
    expect([write.state, write.error.code]).toEqual(['failed', 'query.read_only']);
    expect(filesOf(id)).toEqual([]);
  });

  it('stops from either replica, on the server of the database', async () => {
    for (const by of [first, second]) {
      const marker = `stop ${randomUUID()}`;
      const id = await create(engine.slow(marker));
      await running(marker);
      expect((await remove(id, by)).status).toBe(204);
      expect(await get(id)).toMatchObject({ state: 'cancelled', error: { code: 'query.cancelled' } });
      await stopped(marker);
      expect((await remove(id, by)).status).toBe(204);
      expect((await get(id)).code).toBe('resource.not_found');
    }
  });

  it('shows how far it is, and ends when its permission does', async () => {
    const marker = `endless ${randomUUID()}`;
    const id = await create(engine.endless(marker));
    for (;;) {
      const { state, progress } = await get(id);
      if (state === 'running' && progress.rows > 0 && progress.bytes > 0) break;
      await sleep(50);
    }
    await permit({ allowedTables: [] });
    const job = await ended(id);
    expect([job.state, job.error.code]).toEqual(['failed', 'permission.revoked']);
    await stopped(marker);
    await gone(id);
  });

  it('is lost when its process says nothing any more, which stops what it still does', async () => {
    const marker = `lost ${randomUUID()}`;
    const id = await create(engine.slow(marker));
    await running(marker);
    await first.service.app
      .get(DataSource)
      .query(
        `UPDATE query_jobs SET instance_id = gen_random_uuid(), lease_until = now() - interval '1 second' WHERE id = $1`,
        [id],
      );
    expect(await until(id, 'lost')).toMatchObject({ error: { code: 'job.lost' }, result: null });
    await stopped(marker);
    await gone(id);
    expect(await audited(id)).toEqual(['query_job.create', 'query_job.start', 'query_job.end']);
  });

  it('is lost when its process ends', async () => {
    await setting('background_running_per_user', 5);
    await setting('background_running_per_connection', 5);
    await setting('background_running_per_replica', 2);
    const third = await first.replica({ shutdownGraceMs: 100 });
    const marker = `shutdown ${randomUUID()}`;
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push(await create(engine.slow(`${marker} ${n}`)));
    await Promise.all(ids.map((id) => until(id, 'running')));
    const held: { id: string }[] = await first.service.app
      .get(DataSource)
      .query('SELECT id FROM query_jobs WHERE id = ANY($1) AND instance_id = $2', [
        ids,
        third.service.app.get(Instance).id,
      ]);
    expect(held.length).toBeGreaterThan(0);
    await third.service.close();
    for (const { id } of held) {
      expect(await get(id)).toMatchObject({ state: 'lost', error: { code: 'job.lost' } });
    }
    for (const id of ids) await remove(id);
    await stopped(marker);
    await setting('background_running_per_user', 2);
    await setting('background_running_per_connection', 4);
    await setting('background_running_per_replica', 4);
  });

  it.each([
    ['the table is', (): Promise<void> => permit({ allowedTables: [] })],
    ['so many rows are', (): Promise<void> => permit({ maxRowsPerQuery: 1 })],
    [
      'the connection is',
      async (): Promise<void> => {
        await first.api('DELETE', `/api/database/connections/${connectionId}/permissions/${user.id}`);
      },
    ],
  ])('gives no result when %s not permitted any more, and deletes it', async (_what, change) => {
    const id = await create('SELECT n FROM numbers');
    expect((await ended(id)).state).toBe('done');
    expect((await download(id)).status).toBe(200);
    await change();
    const refused = await download(id, { range: 'bytes=0-9' });
    expect([refused.status, await codeOf(refused)]).toEqual([403, 'job.result_revoked']);
    expect((await download(id)).status).toBe(404);
    await gone(id);
  });

  it('gives no result under other policies than it was made under', async () => {
    const path = `/api/database/connections/${connectionId}/policies`;
    const id = await create('SELECT n FROM numbers');
    expect((await ended(id)).state).toBe('done');
    const items = [{ schema: 'public', table: 'numbers', rowFilter: 'n < 5' }];
    expect((await first.api('PUT', path, { items })).status).toBe(200);
    const refused = await download(id);
    expect(await codeOf(refused)).toBe('job.result_revoked');
    const filtered = await create('SELECT n FROM numbers');
    expect((await ended(filtered)).result.rows).toBeLessThan(5);
    expect((await download(filtered)).status).toBe(200);
    expect((await first.api('PUT', path, { items: [] })).status).toBe(200);
  });

  it('refuses a file that somebody has changed', async () => {
    const id = await create('SELECT n FROM numbers');
    await ended(id);
    const path = join(first.config.dataDir, 'query-results', filesOf(id)[0]!);
    const bytes = readFileSync(path);
    bytes[bytes.length - 20]! ^= 1;
    writeFileSync(path, bytes);
    const turned = await download(id);
    expect([turned.status, await codeOf(turned)]).toEqual([500, 'job.result_damaged']);
    writeFileSync(path, bytes.subarray(0, 30));
    expect((await download(id)).status).toBe(500);
    rmSync(path);
    expect((await download(id)).status).toBe(500);
  });

  it('keeps within what one result and all of them may take', async () => {
    const endless = engine.endless('bounds');
    await setting('background_max_result_mb', 1);
    const large = await ended(await create(endless));
    expect([large.state, large.error.code]).toEqual(['failed', 'query.result_too_large']);
    await setting('background_max_total_mb', 1);
    await setting('background_max_result_mb', 1024);
    const full = await ended(await create(endless));
    expect([full.state, full.error.code]).toEqual(['failed', 'job.storage_full']);
    await setting('background_max_total_mb', 10_240);
    await setting('background_jobs_per_user', 2);
    const { status, body, headers } = await first.api(
      'POST',
      JOBS,
      { connectionId, query: 'SELECT 1' },
      user.token,
    );
    expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'job.too_many', '60']);
    await setting('background_jobs_per_user', 100);
  });

  it('is gone when its time is over', async () => {
    const id = await create('SELECT 1 AS one');
    await ended(id);
    await first.service.app
      .get(DataSource)
      .query(`UPDATE query_jobs SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);
    expect((await get(id)).code).toBe('resource.not_found');
    const { body } = await first.api('POST', '/api/jobs/query_jobs/run');
    expect(body.report.deleted).toBeGreaterThan(0);
    await gone(id);
  });

  it('runs each of a queue once, on two replicas, and no more at once than a user may', async () => {
    await setting('background_running_per_user', 3);
    await setting('background_running_per_replica', 2);
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        create(`SELECT ${n} AS n, count(*) AS c FROM numbers a, numbers b WHERE a.n < 100`),
      ),
    );
    const jobs = await Promise.all(ids.map(ended));
    expect(jobs.map(({ state, attempts }) => [state, attempts])).toEqual(ids.map(() => ['done', 1]));
    const rows: { instances: number; runs: number }[] = await first.service.app
      .get(DataSource)
      .query(
        `SELECT count(DISTINCT instance_id)::int AS instances, count(DISTINCT run_id)::int AS runs FROM query_jobs WHERE id = ANY($1)`,
        [ids],
      );
    expect(rows).toEqual([{ instances: 2, runs: 20 }]);
    const most: { most: number }[] = await first.service.app.get(DataSource).query(
      `SELECT max((SELECT count(*) FROM query_jobs b
         WHERE b.id = ANY($1) AND b.started_at <= a.started_at AND b.finished_at > a.started_at))::int AS most
       FROM query_jobs a WHERE a.id = ANY($1)`,
      [ids],
    );
    expect(most[0]!.most).toBeLessThanOrEqual(3);
    await setting('background_running_per_user', 2);
    await setting('background_running_per_replica', 4);
  });
});
