import { DataSource } from 'typeorm';
import { postgresqlEngine, type SqlEngine } from './engines';
import { startTestService, type TestService, type TestUser } from './service';

describe('statistics', () => {
  let service: TestService;
  let engine: SqlEngine;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), postgresqlEngine()]);
    const created = await service.api('POST', '/api/database/connections', { name: 'e', ...engine.target });
    connectionId = created.body.id;
    user = await service.user('user', 'ada');
    await service.api('PUT', `/api/database/connections/${connectionId}/permissions/${user.id}`, {});
    const statements = ['SELECT 1 AS a', 'SELECT 2 AS b', 'SELECT nothing FROM people', engine.slow(60)];
    for (const query of statements) {
      const body = { connectionId, query, timeoutMs: 200 };
      await service.api('POST', '/api/database/query', body, user.token);
    }
    // Settles what is recorded behind the answers.
    await service.api('GET', '/api/database/history');
    const insert = `INSERT INTO query_history (user_id, connection_id, status, execution_time_ms, created_at)
      SELECT $1, NULL, 'success', 10, date_trunc('hour', now()) - n * interval '1 hour' FROM generate_series($2::int, $3::int) n`;
    const database = service.service.app.get(DataSource);
    await database.query(insert, [user.id, 1, 5]);
    await database.query(insert, [user.id, 200, 205]);
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  it('are for those who may read the audit', async () => {
    for (const path of ['/api/stats/queries', '/api/stats/users']) {
      expect((await service.api('GET', path, undefined, user.token)).body.code).toBe('auth.forbidden');
      expect((await service.api('GET', path, undefined, null)).status).toBe(401);
    }
  });

  it('sum runs by hour and connection, newest first, of seven days', async () => {
    const { body } = await service.api('GET', '/api/stats/queries');
    expect(body.items).toHaveLength(6);
    expect(body.nextCursor).toBeNull();
    expect(body.items[0]).toEqual({
      hour: expect.stringMatching(/T\d\d:00:00\.000Z$/),
      connectionId,
      queryType: 'database',
      queryCount: 4,
      avgExecutionTimeMs: expect.any(Number),
      maxExecutionTimeMs: expect.any(Number),
      errorCount: 1,
      timeoutCount: 1,
    });
    expect(body.items[0].maxExecutionTimeMs).toBeGreaterThanOrEqual(200);
    expect(body.items[1]).toMatchObject({ connectionId: null, queryCount: 1, avgExecutionTimeMs: 10 });
    const hours = body.items.map(({ hour }: any) => hour);
    expect(hours).toEqual(hours.toSorted().toReversed());
  });

  it('can be asked for a connection and a time', async () => {
    const list = async (filter: string): Promise<number> =>
      (await service.api('GET', `/api/stats/queries?${filter}`)).body.items.length;
    expect(await list(`connectionId=${connectionId}`)).toBe(1);
    const hour = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3 * 3_600_000).toISOString();
    expect(await list(`to=${hour}`)).toBe(2);
    expect(await list(`from=${hour}`)).toBe(4);
  });

  it('come in pages without a gap', async () => {
    for (const [path, count] of [
      ['/api/stats/queries', 6],
      ['/api/stats/users', 2],
    ] as const) {
      const whole = (await service.api('GET', path)).body.items;
      expect(whole).toHaveLength(count);
      const seen: unknown[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page: any = (await service.api('GET', `${path}?limit=1${cursor && `&cursor=${cursor}`}`)).body;
        expect(page.items).toHaveLength(1);
        seen.push(...page.items);
        cursor = page.nextCursor;
      }
      expect(seen).toEqual(whole);
    }
  });

  it('sum runs by user', async () => {
    const { body } = await service.api('GET', '/api/stats/users');
    expect(body.items.map(({ username }: any) => username)).toEqual(['ada', 'admin']);
    expect(body.items[0]).toEqual({
      userId: user.id,
      username: 'ada',
      role: 'user',
      active: true,
      lastLoginAt: expect.any(String),
      queryCount: 9,
      successCount: 7,
      failureCount: 2,
      avgExecutionTimeMs: expect.any(Number),
      lastQueryAt: expect.any(String),
    });
    expect(body.items[1]).toMatchObject({
      username: 'admin',
      role: 'admin',
      queryCount: 0,
      lastQueryAt: null,
    });
  });

  it.each([
    'limit=0',
    'limit=501',
    'connectionId=1',
    'from=yesterday',
    'unknown=1',
    'cursor=x',
    `cursor=${Buffer.from('["a","b","c"]').toString('base64url')}`,
  ])('refuse ?%s', async (query) => {
    const { status, body } = await service.api('GET', `/api/stats/queries?${query}`);
    expect([status, body.code]).toEqual([400, 'request.invalid']);
  });
});

describe('what lists are asked for and no list gave', () => {
  it('is refused by every list, and none fails', async () => {
    const service = await startTestService();
    try {
      const id = '0b5cbd5e-5f0f-4e0c-9d7a-0a1b2c3d4e5f';
      const forged = ['["x"]', '["x","y"]', '["2026-01-01","y"]', `["2026-02-30T00:00:00Z","${id}"]`];
      forged.push(`["infinity","${id}"]`, '["x","y","z"]', '[1,2]', '{}', '["a\\u0000","b"]', '["a\\u0000"]');
      const cursors = forged.map((text) => `cursor=${Buffer.from(text).toString('base64url')}`);
      const times = ['2026-W10', '2026-324', '0000-01-01', '2026-02-30', '20260101'].map(
        (time) => `from=${time}`,
      );
      const lists = [
        ['/api/audit', [...cursors, ...times]],
        ['/api/database/history', [...cursors, ...times]],
        ['/api/stats/queries', [...cursors, ...times]],
        ['/api/stats/users', cursors],
        ['/api/users', cursors],
        ['/api/database/saved-queries', cursors],
        ['/api/database/connections', cursors],
      ] as const;
      const failed: string[] = [];
      const taken: string[] = [];
      for (const [path, queries] of lists) {
        for (const query of queries) {
          const { status } = await service.api('GET', `${path}?${query}`);
          if (status >= 500) failed.push(`${path}?${query}`);
          if (status === 200) taken.push(`${path} ${Buffer.from(query.slice(7), 'base64url').toString()}`);
        }
      }
      expect(failed).toEqual([]);
      // A name may be anything.
      expect(taken).toEqual([
        '/api/stats/users ["x"]',
        '/api/users ["x"]',
        '/api/database/connections ["x"]',
      ]);
    } finally {
      await service.close();
    }
  });
});
