import { setTimeout as sleep } from 'node:timers/promises';
import { AbandonedRunsJob } from '../../src/modules/query/abandoned-runs.job';
import { Client } from 'pg';
import { postgresqlEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

describe('budgets of a user on a connection, over replicas', () => {
  let service: TestService;
  let replica: TestService;
  let engine: SqlEngine;
  let system: Client;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), postgresqlEngine()]);
    replica = await service.replica();
    system = new Client({ connectionString: service.database.url });
    await system.connect();
  });
  afterAll(async () => {
    await system?.end();
    await service?.close();
    await engine?.drop();
  });

  interface Asker {
    readonly user: TestUser;
    readonly connectionId: string;
    readonly ask: (query: string, more?: Record<string, unknown>, on?: TestService) => Promise<Answer>;
    readonly permit: (permission: Record<string, unknown>) => Promise<void>;
    readonly used: () => Promise<any>;
  }

  /** A user with a permission on a connection of their own, so that no test counts for another. */
  async function asker(permission: Record<string, unknown>): Promise<Asker> {
    const user = await service.user('user');
    const body = { name: `c-${user.id}`, ...engine.target };
    const connectionId = (await service.api('POST', '/api/database/connections', body)).body.id;
    const permit = async (granted: Record<string, unknown>): Promise<void> => {
      const path = `/api/database/connections/${connectionId}/permissions/${user.id}`;
      expect((await service.api('PUT', path, granted)).status).toBe(200);
    };
    await permit(permission);
    return {
      user,
      connectionId,
      permit,
      ask: (query, more = {}, on = service) =>
        on.api('POST', '/api/database/query', { connectionId, query, cache: 'bypass', ...more }, user.token),
      used: async () => {
        // what ended is written with the next commit
        await sleep(100);
        const { rows } = await system.query(
          'SELECT runs::int, rows::int, milliseconds, running FROM connection_usage WHERE user_id = $1',
          [user.id],
        );
        return rows;
      },
    };
  }

  const codes = (answers: Answer[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { status, body } of answers) {
      const code = status === 200 ? 'ok' : body.code;
      counts[code] = (counts[code] ?? 0) + 1;
    }
    return counts;
  };

  it('are part of the permission, and none unless said otherwise', async () => {
    const { user, connectionId, permit, ask, used } = await asker({});
    const path = `/api/database/connections/${connectionId}/permissions/${user.id}`;
    const none = { maxConcurrentQueries: null, dailyRuns: null, dailyRows: null, dailySeconds: null };
    expect((await service.api('GET', path)).body).toMatchObject(none);
    expect((await ask('SELECT 1 AS one')).status).toBe(200);
    // nothing is counted where nothing is bounded
    expect(await used()).toEqual([]);
    const some = { maxConcurrentQueries: 2, dailyRuns: 3, dailyRows: 4_000_000_000, dailySeconds: 5 };
    await permit(some);
    expect((await service.api('GET', path)).body).toMatchObject(some);
    expect((await service.api('PUT', path, { dailyRuns: 0 })).body.code).toBe('request.invalid');
  });

  it('let exactly as many statements run in a day as are allowed, however many come at once', async () => {
    const { ask, used } = await asker({ dailyRuns: 7 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => ask(`SELECT ${n} AS n`, {}, n % 2 ? service : replica)),
    );
    expect(codes(answers)).toEqual({ ok: 7, 'query.budget_exhausted': 13 });
    // what was refused is given back
    expect(await used()).toMatchObject([{ runs: 7, running: 0 }]);
    const { status, body, headers } = await ask('SELECT 1 AS one');
    expect([status, body.code]).toEqual([429, 'query.budget_exhausted']);
    const midnight = new Date().setUTCHours(24, 0, 0, 0);
    const seconds = Number(headers.get('retry-after'));
    expect(Math.abs(Date.now() + seconds * 1000 - midnight)).toBeLessThan(10_000);
  });

  it('are recorded like any other refusal', async () => {
    const { ask, user } = await asker({ dailyRuns: 1 });
    await ask('SELECT 1 AS one');
    const { body } = await ask('SELECT 2 AS two');
    expect(body.code).toBe('query.budget_exhausted');
    const { items } = (await service.api('GET', '/api/database/history?limit=5', undefined, user.token)).body;
    expect(items[0]).toMatchObject({
      id: body.queryId,
      status: 'error',
      errorCode: 'query.budget_exhausted',
    });
  });

  it('count rows, also those of a stream that nobody reads to its end', async () => {
    const { ask, permit, used, user, connectionId } = await asker({ dailyRows: 1000 });
    expect((await ask('SELECT n FROM numbers', { maxRows: 900 })).body.rowCount).toBe(900);
    expect((await ask('SELECT n FROM numbers WHERE n <= 150')).status).toBe(200);
    expect(await used()).toMatchObject([{ rows: 1050 }]);
    expect((await ask('SELECT n FROM numbers WHERE n = 1', {}, replica)).body.code).toBe(
      'query.budget_exhausted',
    );
    await permit({ dailyRows: 2_000 });
    const stop = new AbortController();
    const response = await fetch(`${service.url}/api/database/query/stream?format=ndjson`, {
      method: 'POST',
      headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        connectionId,
        query: 'SELECT a.n, b.n AS m, repeat(a.n::text, 100) AS wide FROM numbers a, numbers b',
      }),
      signal: stop.signal,
    });
    await response.body!.getReader().read();
    stop.abort();
    for (let round = 0; round < 50 && (await used())[0].rows < 2_000; round += 1) await sleep(100);
    expect((await used())[0].rows).toBeGreaterThan(1_999);
    expect((await ask('SELECT 1 AS one')).body.code).toBe('query.budget_exhausted');
  });

  it('count seconds', async () => {
    const { ask, used } = await asker({ dailySeconds: 1 });
    expect((await ask(engine.slow(30), { timeoutMs: 1_100 })).body.code).toBe('query.timeout');
    const [{ milliseconds }] = await used();
    expect(milliseconds).toBeGreaterThan(1_000);
    expect((await ask('SELECT 1 AS one')).body.code).toBe('query.budget_exhausted');
  });

  it('bound what runs at the same time', async () => {
    const { ask, used } = await asker({ maxConcurrentQueries: 2 });
    const slow = [service, replica].map((on) => ask(engine.slow(30), { timeoutMs: 3_000 }, on));
    for (let round = 0; round < 50 && (await used())[0]?.running !== 2; round += 1) await sleep(20);
    const refused = await Promise.all([ask('SELECT 1 AS one'), ask('SELECT 2 AS two', {}, replica)]);
    expect(codes(refused)).toEqual({ 'query.too_many_running': 2 });
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(codes(await Promise.all(slow))).toEqual({ 'query.timeout': 2 });
    // one after the other there is always room
    for (let n = 0; n < 10; n += 1) expect((await ask(`SELECT ${n} AS n`)).status).toBe(200);
    expect(await used()).toMatchObject([{ running: 0, runs: 12 }]);
  });

  it('give the place of a run back whose process died', async () => {
    const { ask, used, user, connectionId } = await asker({ maxConcurrentQueries: 1 });
    expect((await ask('SELECT 1 AS one')).status).toBe(200);
    await used();
    await system.query(
      `INSERT INTO query_history (id, user_id, connection_id, query_type, status, instance_id)
       VALUES (gen_random_uuid(), $1, $2, 'database', 'pending', gen_random_uuid())`,
      [user.id, connectionId],
    );
    await system.query('UPDATE connection_usage SET running = 1 WHERE user_id = $1', [user.id]);
    expect((await ask('SELECT 2 AS two')).body.code).toBe('query.too_many_running');
    expect(await service.service.app.get(AbandonedRunsJob).close()).toBe(1);
    expect((await ask('SELECT 3 AS three')).status).toBe(200);
  });

  it('do not bind administrators, nor other users', async () => {
    const { ask, connectionId } = await asker({ dailyRuns: 1 });
    await ask('SELECT 1 AS one');
    expect((await ask('SELECT 1 AS one')).status).toBe(429);
    const body = { connectionId, query: 'SELECT 1 AS one' };
    expect((await service.api('POST', '/api/database/query', body)).status).toBe(200);
  });
});
