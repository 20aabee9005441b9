import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { askWith, connect, watchedDatabase, type WatchedDatabase } from './cache-service';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

describe('the cache of results', () => {
  let service: TestService;
  let replica: TestService;
  let watched: WatchedDatabase;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    [service, watched] = await Promise.all([
      startTestService(),
      watchedDatabase([
        'CREATE TABLE people (id int PRIMARY KEY, name text, email text, born date)',
        `INSERT INTO people VALUES (1, 'Ada', 'ada@example.org', '1815-12-10'), (2, 'Grace', NULL, '1906-12-09')`,
        'CREATE TABLE wide (id int PRIMARY KEY, text text)',
        `INSERT INTO wide SELECT n, repeat(md5(n::text), 100) FROM generate_series(1, 400) n`,
        'CREATE TABLE scanned (n int)',
        'INSERT INTO scanned SELECT generate_series(1, 10)',
      ]),
    ]);
    replica = await service.replica();
    connectionId = await connect(service, watched);
    user = await service.user('user');
    await permit({});
  });
  afterAll(async () => {
    await service?.close();
    await watched?.drop();
  });

  const permit = (body: object): Promise<Answer> =>
    service.api('PUT', `/api/database/connections/${connectionId}/permissions/${user.id}`, {
      canWrite: true,
      ...body,
    });
  const ask = (query: string, more: object = {}, on = service): Promise<Answer> =>
    on.api('POST', '/api/database/query', { connectionId, query, ...more }, user.token);
  const cached = async (query: string, more: object = {}, on = service): Promise<boolean> => {
    const { body, text } = await ask(query, more, on);
    if (body.success !== true) throw new Error(text);
    return body.cached;
  };
  /** A text that nobody has asked before. */
  const fresh = (text: string): string => `${text} /* ${randomUUID()} */`;
  /** The end of a write is told to the other replicas some milliseconds after its answer; until then they keep nothing. */
  const untilCached = async (query: string, name: string, on: TestService): Promise<void> => {
    for (let tries = 0; tries < 100; tries++) {
      const { body } = await ask(query, {}, on);
      if (body.data[0].name !== name) throw new Error(`${body.data[0].name} is not ${name}`);
      if (body.cached) return;
      await sleep(20);
    }
    throw new Error('it is never kept');
  };
  const metric = async (name: string): Promise<number> =>
    Number(
      new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(
        (await service.api('GET', '/metrics')).text,
      )?.[1] ?? 0,
    );

  it('answers with the very bytes that were kept, in both row modes', async () => {
    for (const rowMode of ['object', 'array']) {
      const query = fresh('SELECT *, 1.5::float8 AS f, -0.0::float8 AS z, ARRAY[1,2] AS a FROM people');
      const dataOf = ({ text }: Answer): string =>
        /"columns":.*?\],"rowCount":\d+,"truncated":\w+/.exec(text)![0];
      const first = await ask(query, { rowMode });
      const second = await ask(query, { rowMode });
      expect([first.body.cached, second.body.cached]).toEqual([false, true]);
      expect(dataOf(second)).toBe(dataOf(first));
      expect(dataOf(second)).toBe(dataOf(await ask(query, { rowMode, cache: 'bypass' })));
      expect(second.body.queryId).not.toBe(first.body.queryId);
    }
  });

  it('keeps a result that was cut with its flag, and apart from one that was not', async () => {
    const query = fresh('SELECT id FROM people ORDER BY id');
    for (const isCached of [false, true]) {
      expect((await ask(query, { maxRows: 1 })).body).toMatchObject({
        truncated: true,
        rowCount: 1,
        cached: isCached,
      });
      expect((await ask(query)).body).toMatchObject({ truncated: false, rowCount: 2, cached: isCached });
    }
  });

  it.each([
    'SELECT now()',
    'SELECT random()',
    'SELECT id FROM people WHERE born < current_date',
    "SELECT 'now'::timestamptz",
    'SELECT count(*) FROM pg_catalog.pg_class',
    'EXPLAIN SELECT 1',
  ])('never answers %s', async (query) => {
    const asked = { connectionId, query };
    for (let n = 0; n < 2; n++) {
      const { status, body } = await service.api('POST', '/api/database/query', asked);
      expect([status, body.cached]).toEqual([200, false]);
    }
  });

  it('never keeps a failure', async () => {
    const query = fresh('SELECT 1 / (id - 1) FROM people');
    for (let n = 0; n < 2; n++) expect((await ask(query)).status).toBe(400);
  });

  it('never answers what a row filter measures by the clock', async () => {
    const path = `/api/database/connections/${connectionId}/policies`;
    const query = fresh('SELECT id FROM people');
    const filter = (rowFilter: string): Promise<Answer> =>
      service.api('PUT', path, { items: [{ schema: 'public', table: 'people', rowFilter }] });
    expect((await filter('born < current_date')).status).toBe(200);
    expect([await cached(query), await cached(query)]).toEqual([false, false]);
    expect((await filter('born < now()')).status).toBe(200);
    expect([await cached(query), await cached(query)]).toEqual([false, false]);
    expect((await filter('id = 1')).status).toBe(200);
    expect([await cached(query), await cached(query)]).toEqual([false, true]);
    await service.api('PUT', path, { items: [] });
  });

  it('uses nothing older than the request, the connection or the setting says', async () => {
    const query = fresh('SELECT name FROM people');
    expect(await cached(query)).toBe(false);
    await sleep(1100);
    expect(await cached(query, { cacheTtlSeconds: 0 })).toBe(false);
    expect(await cached(query)).toBe(true);
    expect(await cached(query, { cacheTtlSeconds: 1 })).toBe(false);
    expect(await cached(query, { cacheTtlSeconds: 1 })).toBe(true);

    const connection = `/api/database/connections/${connectionId}`;
    const settle = async (cacheTtlSeconds: number | null): Promise<unknown> =>
      (await service.api('PATCH', connection, { cacheTtlSeconds })).body.cacheTtlSeconds;
    expect(await settle(1)).toBe(1);
    expect([await cached(query), await cached(query, { cacheTtlSeconds: 600 })]).toEqual([false, true]);
    await sleep(1100);
    expect(await cached(query, { cacheTtlSeconds: 600 })).toBe(false);
    expect(await settle(0)).toBe(0);
    expect([await cached(query), await cached(query)]).toEqual([false, false]);

    const setting = '/api/settings/cache_ttl_seconds';
    await service.api('PATCH', setting, { value: 0 });
    expect(await settle(600)).toBe(600);
    expect([await cached(query), await cached(query)]).toEqual([false, true]);
    expect(await settle(null)).toBeNull();
    expect([await cached(query), await cached(query)]).toEqual([false, false]);
    await service.api('PATCH', setting, { value: 3600 });
    expect((await service.api('PATCH', connection, { cacheTtlSeconds: 86_401 })).status).toBe(400);
    expect((await ask(query, { cacheTtlSeconds: -1 })).status).toBe(400);
  });

  it('sees a write at once on every replica, and through every connection to the same database', async () => {
    const other = await connect(service, { target: { ...watched.target, host: 'LOCALHOST' } });
    const query = fresh('SELECT name FROM people WHERE id = 2');
    const both = [connectionId, other].flatMap((id) => [service, replica].map((on) => ({ id, on })));
    const read = async ({ id, on }: (typeof both)[number]): Promise<unknown[]> => {
      const { body } = await on.api('POST', '/api/database/query', { connectionId: id, query });
      return [body.data[0].name, body.cached];
    };
    for (const one of both) {
      await read(one);
      expect(await read(one)).toEqual(['Grace', true]);
    }
    for (const name of ['Hopper', 'Grace']) {
      await ask('UPDATE people SET name = $1 WHERE id = 2', { params: [name] }, replica);
      for (const one of both) expect(await read(one)).toEqual([name, false]);
      for (const on of [service, replica]) await untilCached(query, name, on);
    }
  });

  it('keeps nothing while a write is under way, and has what it changed once it is committed', async () => {
    const query = fresh('SELECT name FROM people WHERE id = 1');
    const nameOf = async (on: TestService): Promise<unknown[]> => {
      const { body } = await ask(query, {}, on);
      return [body.data[0].name, body.cached];
    };
    await cached(query);
    await watched.client.query('BEGIN; SELECT FROM people WHERE id = 1 FOR UPDATE');
    const writing = ask(`UPDATE people SET name = 'Lovelace' WHERE id = 1`, {}, replica);
    while ((await service.api('GET', '/api/database/history?status=pending')).body.items.length === 0)
      await sleep(20);
    for (let n = 0; n < 3; n++) {
      for (const on of [service, replica]) expect(await nameOf(on)).toEqual(['Ada', false]);
    }
    await watched.client.query('COMMIT');
    expect((await writing).status).toBe(200);
    for (const on of [replica, service]) await untilCached(query, 'Lovelace', on);
    await ask(`UPDATE people SET name = 'Ada' WHERE id = 1`);
  });

  it('keeps nothing for a while after a write whose end nobody can tell', async () => {
    const other = await connect(service, watched);
    const query = fresh('SELECT 1 AS one');
    const isCached = async (): Promise<boolean> =>
      (await service.api('POST', '/api/database/query', { connectionId: other, query })).body.cached;
    await watched.client.query('BEGIN; SELECT FROM people WHERE id = 1 FOR UPDATE');
    const stopped = await service.api('POST', '/api/database/query', {
      connectionId: other,
      query: `UPDATE people SET name = 'Nobody' WHERE id = 1`,
      timeoutMs: 300,
    });
    await watched.client.query('COMMIT');
    expect(stopped.body.code).toBe('query.timeout');
    expect([await isCached(), await isCached()]).toEqual([false, false]);
    // As if its time had passed.
    await service.service.app.get(DataSource).query(`UPDATE writes_under_way SET until = now()`);
    expect([await isCached(), await isCached()]).toEqual([false, true]);
  });

  it('forgets by hand, on every replica, on record; administrators only', async () => {
    const query = fresh('SELECT email FROM people WHERE id = 2');
    const path = `/api/database/connections/${connectionId}/cache`;
    const read = async (on: TestService): Promise<unknown> => (await ask(query, {}, on)).body.data[0].email;
    for (const on of [service, replica]) expect(await read(on)).toBeNull();
    await watched.client.query(`UPDATE people SET email = 'grace@example.org' WHERE id = 2`);
    for (const on of [service, replica]) expect(await read(on)).toBeNull();
    expect((await service.api('DELETE', path, undefined, user.token)).status).toBe(403);
    expect((await service.api('DELETE', path)).status).toBe(204);
    for (const on of [service, replica]) expect(await read(on)).toBe('grace@example.org');
    expect((await service.api('DELETE', `/api/database/connections/${randomUUID()}/cache`)).status).toBe(404);
    const { body } = await service.api('GET', '/api/audit?action=cache.forget');
    expect(body.items).toMatchObject([
      { action: 'cache.forget', resourceId: connectionId, result: 'success' },
    ]);
  });

  describe('asked the same by many at once', () => {
    /** Statements that wait for the table, as the server shows them, a moment after all could have come. */
    const waiting = async (): Promise<number> => {
      await sleep(300);
      const { rows } = await watched.client.query(
        `SELECT count(*)::int AS n FROM pg_locks WHERE relation = 'scanned'::regclass AND NOT granted`,
      );
      return rows[0].n;
    };
    const lock = (): Promise<unknown> =>
      watched.client.query('BEGIN; LOCK TABLE scanned IN ACCESS EXCLUSIVE MODE');
    const unlock = (): Promise<unknown> => watched.client.query('COMMIT');
    const running = async (count: number): Promise<{ queryId: string }[]> => {
      for (;;) {
        const { items } = (await service.api('GET', '/api/database/query/running')).body;
        if (items.length === count) return items;
        await sleep(10);
      }
    };

    it('asks the database once, and records a run for each', async () => {
      const query = fresh('SELECT sum(n) AS total FROM scanned');
      await lock();
      const asked = Array.from({ length: 20 }, () => ask(query));
      await running(20);
      expect(await waiting()).toBe(1);
      await unlock();
      const answers = await Promise.all(asked);
      expect(new Set(answers.map(({ body }) => JSON.stringify(body.data)))).toEqual(
        new Set(['[{"total":"55"}]']),
      );
      expect(answers.filter(({ body }) => !body.cached)).toHaveLength(1);
      expect(new Set(answers.map(({ body }) => body.queryId)).size).toBe(20);
      const { items } = (await service.api('GET', '/api/database/history?limit=20')).body;
      expect(items.filter((row: any) => row.statement === query && row.status === 'success')).toHaveLength(
        20,
      );
    });

    it('goes on when the one who asked is stopped, and lets a waiter leave alone', async () => {
      const query = fresh('SELECT max(n) AS m FROM scanned');
      await lock();
      const leader = ask(query);
      const queryId = (await running(1))[0]!.queryId;
      const waiters = [ask(query), ask(query)];
      const impatient = ask(query, { timeoutMs: 300 });
      await running(4);
      expect((await impatient).body.code).toBe('query.timeout');
      expect((await service.api('DELETE', `/api/database/query/${queryId}`)).status).toBe(204);
      expect((await leader).body.code).toBe('query.cancelled');
      await running(2);
      expect(await waiting()).toBe(1);
      await unlock();
      const answers = await Promise.all(waiters);
      expect(answers.map(({ status, body }) => [status, body.data])).toEqual([
        [200, [{ m: 10 }]],
        [200, [{ m: 10 }]],
      ]);
      expect(answers.filter(({ body }) => body.cached)).toHaveLength(1);
    });
  });

  describe('the tag of an answer', () => {
    const get = (body: object, headers: Record<string, string> = {}, on = service): Promise<Answer> =>
      askWith(on, { connectionId, ...body }, headers, user.token);

    it('is that of the result, however it was come by; who has it is told so, on record', async () => {
      const query = fresh('SELECT id, name FROM people ORDER BY id');
      const first = await get({ query });
      const tag = first.headers.get('etag')!;
      expect(tag).toMatch(/^"[\w-]{43}"$/);
      expect((await get({ query })).headers.get('etag')).toBe(tag);
      const [bypass, asking] = [{ query, cache: 'bypass' }, { 'if-none-match': '"none"' }];
      expect((await get(bypass, {}, replica)).headers.get('etag')).toBeNull();
      expect((await get(bypass, asking, replica)).headers.get('etag')).toBe(tag);
      expect((await get({ query, rowMode: 'array' })).headers.get('etag')).not.toBe(tag);
      for (const given of [tag, `W/${tag}`, `"other", ${tag}`]) {
        const same = await get({ query }, { 'if-none-match': given });
        expect([same.status, same.text, same.headers.get('etag')]).toEqual([304, '', tag]);
        const id = same.headers.get('x-query-id');
        const { items } = (await service.api('GET', '/api/database/history?limit=5')).body;
        expect(items).toContainEqual(expect.objectContaining({ id, status: 'success', cached: true }));
      }
      expect((await get({ query }, { 'if-none-match': '"other"' })).status).toBe(200);
      expect((await get({ query }, { 'if-none-match': '*' })).status).toBe(200);
      await ask(`UPDATE people SET name = 'Ada L.' WHERE id = 1`, {}, replica);
      const changed = await get({ query }, { 'if-none-match': tag });
      expect([changed.status, changed.body.data[0].name]).toEqual([200, 'Ada L.']);
      await ask(`UPDATE people SET name = 'Ada' WHERE id = 1`);
      expect((await get({ query }, { 'if-none-match': tag })).status).toBe(304);
    });

    it('is no answer to whom the result is not permitted any more', async () => {
      const query = fresh('SELECT id FROM people');
      const tag = (await get({ query })).headers.get('etag')!;
      await permit({ allowedTables: ['public.wide'] });
      for (const on of [service, replica]) {
        const { status, body } = await get({ query }, { 'if-none-match': tag }, on);
        expect([status, body.code]).toEqual([403, 'permission.table_denied']);
      }
      await permit({});
    });

    it('comes with no write, and with a large result only when it is asked for', async () => {
      expect((await get({ query: 'UPDATE people SET id = id' })).headers.get('etag')).toBeNull();
      const query = 'SELECT id, text FROM wide';
      const large = await get({ query });
      expect([large.text.length > 1024 * 1024, large.headers.get('etag')]).toEqual([true, null]);
      expect((await get({ query })).headers.get('etag')).toMatch(/^"[\w-]{43}"$/);
      const asked = await get({ query, cache: 'bypass' }, { 'if-none-match': '"none"' });
      const again = await get({ query, cache: 'bypass' }, { 'if-none-match': asked.headers.get('etag')! });
      expect([asked.status, again.status]).toEqual([200, 304]);
    });
  });

  it('stays within its bytes, and says what it did', async () => {
    await service.api('PATCH', '/api/settings/cache_memory_mib', { value: 1 });
    const before = await metric('cache_evictions_total');
    for (let n = 0; n < 40; n++) {
      await ask('SELECT id, text FROM wide WHERE id BETWEEN $1 AND $1 + 15', { params: [n] });
      expect(await metric('cache_memory_bytes')).toBeLessThanOrEqual(1024 * 1024);
    }
    expect(await metric('cache_memory_entries')).toBeGreaterThan(5);
    expect((await metric('cache_evictions_total')) - before).toBeGreaterThan(10);
    expect(await cached('SELECT id, text FROM wide WHERE id BETWEEN $1 AND $1 + 15', { params: [39] })).toBe(
      true,
    );
    expect(await cached('SELECT id, text FROM wide WHERE id BETWEEN $1 AND $1 + 15', { params: [0] })).toBe(
      false,
    );
    for (const outcome of ['memory', 'miss', 'shared', 'writing'])
      expect(await metric(`result_cache_lookups_total{outcome="${outcome}"}`)).toBeGreaterThan(0);
    await service.api('PATCH', '/api/settings/cache_memory_mib', { value: 64 });
  });

  it('gives a large result back as it was, packed as it lies', async () => {
    const query = fresh('SELECT id, text FROM wide ORDER BY id');
    const first = await ask(query);
    await sleep(200);
    const second = await ask(query);
    expect([second.body.cached, second.body.data]).toEqual([true, first.body.data]);
    expect(await metric('cache_memory_bytes')).toBeGreaterThan(0);
  });
});
