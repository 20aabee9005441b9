import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { mariadbEngine, postgresqlEngine, sqliteEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

describe.each([
  ['PostgreSQL', postgresqlEngine],
  ['MariaDB', mariadbEngine],
  ['SQLite', sqliteEngine],
] as const)('queries over HTTP on %s', (_, startEngine) => {
  let service: TestService;
  let engine: SqlEngine;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), startEngine()]);
    const created = await service.api('POST', '/api/database/connections', {
      name: 'e',
      ...engine.target,
      readOnly: false,
    });
    connectionId = created.body.id;
    user = await service.user('user');
    await permit({ allowedTables: [`${engine.prefix}people`, `${engine.prefix}numbers`] });
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  const permit = async (permission: Record<string, unknown>): Promise<void> => {
    const path = `/api/database/connections/${connectionId}/permissions/${user.id}`;
    expect((await service.api('PUT', path, permission)).status).toBe(200);
  };
  const ask = (
    query: unknown,
    more: Record<string, unknown> = {},
    auth: string = user.token,
  ): Promise<Answer> => service.api('POST', '/api/database/query', { connectionId, query, ...more }, auth);
  const history = async (filter = ''): Promise<any[]> =>
    (await service.api('GET', `/api/database/history?limit=20${filter}`, undefined, user.token)).body.items;

  it('answers with columns, rows and what it did', async () => {
    const { status, body } = await ask('SELECT id, name, email FROM people ORDER BY id');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      data: [
        { id: 1, name: 'Ada', email: 'ada@example.org' },
        { id: 2, name: 'Grace', email: 'grace@example.org' },
        { id: 3, name: 'Edsger', email: null },
      ],
      rowCount: 3,
      truncated: false,
      cached: false,
      metadata: { connectionId, engine: engine.type, statement: 'select' },
    });
    expect(body.columns.map(({ name, masked }: any) => [name, masked])).toEqual([
      ['id', false],
      ['name', false],
      ['email', false],
    ]);
    expect(body.executionTimeMs).toBeGreaterThan(0);
  });

  it('takes parameters and refuses a wrong number of them', async () => {
    const query = `SELECT name FROM people WHERE id = ${engine.placeholder}`;
    expect((await ask(query, { params: [2], rowMode: 'array' })).body.data).toEqual([['Grace']]);
    expect((await ask(query)).body.code).toBe('query.invalid_parameter');
    expect((await ask(query, { params: [1, 2] })).body.code).toBe('query.invalid_parameter');
  });

  it('keeps two columns of one name, and the columns of an empty result', async () => {
    const twice = await ask('SELECT id, name AS id FROM people WHERE id = 1');
    expect(twice.body.data).toEqual([{ id: 1, id_2: 'Ada' }]);
    const empty = await ask('SELECT id, name FROM people WHERE id < 0');
    expect(empty.body).toMatchObject({ data: [], rowCount: 0, truncated: false });
    expect(empty.body.columns).toHaveLength(2);
  });

  it('tells exactly whether there were more rows', async () => {
    const take = async (maxRows: number): Promise<unknown[]> => {
      const { body } = await ask('SELECT n FROM numbers WHERE n <= 10', { maxRows, cache: 'bypass' });
      return [body.rowCount, body.truncated];
    };
    expect(await take(9)).toEqual([9, true]);
    expect(await take(10)).toEqual([10, false]);
    expect(await take(11)).toEqual([10, false]);
    await permit({
      allowedTables: [`${engine.prefix}numbers`, `${engine.prefix}people`],
      maxRowsPerQuery: 3,
    });
    expect(await take(9)).toEqual([3, true]);
    await permit({ allowedTables: [`${engine.prefix}numbers`, `${engine.prefix}people`] });
  });

  it.each([
    ['', 'query.empty'],
    ['  -- nothing\n', 'query.empty'],
    ['SELECT 1; SELECT 2', 'query.multiple_statements'],
    ['SELEC 1', 'query.syntax'],
    ['SELECT a\0b', 'query.invalid_text'],
    [`SELECT '${'x'.repeat(70_000)}'`, 'query.too_long'],
    ['SELECT no_such_column FROM people', 'query.unknown_object'],
    ['SELECT * FROM secrets', 'permission.table_denied'],
    ['SELECT name FROM people WHERE id IN (SELECT id FROM secrets)', 'permission.table_denied'],
    ['WITH people AS (SELECT * FROM secrets) SELECT * FROM people', 'permission.table_denied'],
    [`INSERT INTO people VALUES (9, 'x', 'y')`, 'permission.write_denied'],
    ['DROP TABLE people', 'query.read_only'],
  ])('refuses %j with %s', async (query, code) => {
    const { status, body } = await ask(query);
    expect([status >= 400 && status < 500, body.code]).toEqual([true, code]);
    expect(body.queryId).toMatch(/^[0-9a-f-]{36}$/);
    const [row] = await history();
    expect(row).toMatchObject({ id: body.queryId, status: 'error', errorCode: code });
  });

  it('tells where a syntax error is', async () => {
    const { body } = await ask('SELECT id FROM people WHERE WHERE id = 1');
    expect(body).toMatchObject({ code: 'query.syntax' });
    expect(body.detail).not.toMatch(/libpg|sqlparser|panick/i);
  });

  it('writes only with the permission to, and then only where it is listed', async () => {
    const table = (name: string): string => `${engine.prefix}${name}`;
    const writer = { canWrite: true, allowedTables: [table('people'), table('numbers')] };
    const insert = `INSERT INTO people VALUES (10, 'Barbara', NULL)`;
    await permit({ ...writer, writableTables: [] });
    expect((await ask(insert)).body.code).toBe('permission.write_denied');
    await permit({ ...writer, writableTables: [table('people')] });
    const { status, body } = await ask(insert);
    expect([status, body.rowCount, body.metadata.affectedRows]).toEqual([200, 1, 1]);
    expect((await ask(`INSERT INTO numbers VALUES (-1)`)).body.code).toBe('permission.write_denied');
    expect((await ask(`INSERT INTO people SELECT id + 100, value, NULL FROM secrets`)).body.code).toBe(
      'permission.table_denied',
    );
    expect((await ask(insert)).body.code).toBe('query.constraint');
    expect((await ask('DELETE FROM people WHERE id = 10')).body.rowCount).toBe(1);
    await service.api('PATCH', `/api/database/connections/${connectionId}`, { readOnly: true });
    expect((await ask(insert)).body.code).toBe('query.read_only');
    expect((await ask(insert, {}, service.admin)).body.code).toBe('query.read_only');
    await service.api('PATCH', `/api/database/connections/${connectionId}`, { readOnly: false });
    await permit({ allowedTables: writer.allowedTables });
  });

  it('changes all rows of a write, also those behind the limit of what it gives back', async () => {
    const table = `${engine.prefix}people`;
    await permit({
      canWrite: true,
      allowedTables: [table, `${engine.prefix}numbers`],
      writableTables: [table],
    });
    const insert = `INSERT INTO people VALUES (30, 'A', NULL), (31, 'B', NULL), (32, 'C', NULL) RETURNING id`;
    const { status, body } = await ask(insert, { maxRows: 1 });
    expect([status, body.data, body.truncated]).toEqual([200, [{ id: 30 }], true]);
    expect((await ask('SELECT id FROM people WHERE id >= 30')).body.rowCount).toBe(3);
    expect((await ask('DELETE FROM people WHERE id >= 30')).body.rowCount).toBe(3);
    await permit({ allowedTables: [table, `${engine.prefix}numbers`] });
  });

  it('stops at the deadline, and the database works on for others', async () => {
    const { status, body } = await ask(engine.slow(60), { timeoutMs: 300 });
    expect([status, body.code]).toEqual([504, 'query.timeout']);
    expect((await history())[0]).toMatchObject({ status: 'timeout', errorCode: 'query.timeout' });
    expect((await ask('SELECT count(*) AS c FROM people')).status).toBe(200);
  });

  it('shows a running statement in history as pending, and stops it when asked', async () => {
    const running = ask(engine.slow(61), { timeoutMs: 30_000 });
    let found: any;
    for (let n = 0; n < 100 && !found; n++) {
      await sleep(50);
      [found] = (await service.api('GET', '/api/database/query/running', undefined, user.token)).body.items;
    }
    expect(found).toMatchObject({ connectionId, userId: user.id });
    expect((await history('&status=pending')).map((row) => row.id)).toEqual([found.queryId]);
    const stranger = await service.user('user');
    const path = `/api/database/query/${found.queryId}`;
    expect((await service.api('DELETE', path, undefined, stranger.token)).body.code).toBe(
      'query.not_running',
    );
    expect(
      (await service.api('GET', '/api/database/query/running', undefined, stranger.token)).body.items,
    ).toEqual([]);
    expect((await service.api('DELETE', path, undefined, user.token)).status).toBe(204);
    const { status, body } = await running;
    expect([status, body.code, body.queryId]).toEqual([409, 'query.cancelled', found.queryId]);
    expect((await history())[0]).toMatchObject({ id: found.queryId, status: 'cancelled' });
    expect((await service.api('DELETE', path, undefined, user.token)).status).toBe(404);
  });

  it('stops when the client goes away', async () => {
    const abort = new AbortController();
    const running = fetch(`${service.url}/api/database/query`, {
      method: 'POST',
      signal: abort.signal,
      headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ connectionId, query: engine.slow(62), timeoutMs: 30_000 }),
    });
    await sleep(400);
    abort.abort();
    await expect(running).rejects.toThrow('aborted');
    let row: any;
    for (let n = 0; n < 100 && row?.status !== 'cancelled'; n++) {
      await sleep(50);
      [row] = await history();
    }
    expect(row).toMatchObject({ status: 'cancelled' });
  });

  it('answers the same question from the cache, within what is permitted now', async () => {
    const query = `SELECT name FROM people WHERE id = 1 /* ${randomUUID()} */`;
    expect((await ask(query)).body.cached).toBe(false);
    const second = await ask(query);
    expect([second.body.cached, second.body.data]).toEqual([true, [{ name: 'Ada' }]]);
    expect((await ask(query, { cache: 'bypass' })).body.cached).toBe(false);
    expect((await ask(query, { cache: 'refresh' })).body.cached).toBe(false);
    const other = await service.user('user');
    expect((await ask(query, {}, other.token)).status).toBe(404);
    await service.api('PUT', `/api/database/connections/${connectionId}/permissions/${other.id}`, {
      allowedTables: [],
    });
    expect((await ask(query, {}, other.token)).body.code).toBe('permission.table_denied');
    expect((await history())[0]).toMatchObject({ status: 'success' });
    expect((await history()).some((row) => row.cached)).toBe(true);
  });

  it('answers nothing from before a write that went through the gate, on any replica', async () => {
    const table = `${engine.prefix}people`;
    const replica = await service.replica();
    await permit({
      canWrite: true,
      allowedTables: [table, `${engine.prefix}numbers`],
      writableTables: [table],
    });
    const query = { connectionId, query: 'SELECT id FROM people WHERE id = 77' };
    const read = async (one: TestService): Promise<unknown[]> => {
      const { body } = await one.api('POST', '/api/database/query', query, user.token);
      return [body.rowCount, body.cached];
    };
    for (const one of [service, replica]) {
      expect(await read(one)).toEqual([0, false]);
      expect(await read(one)).toEqual([0, true]);
    }
    await ask(`INSERT INTO people VALUES (77, 'Karen', NULL)`);
    expect(await read(service)).toEqual([1, false]);
    for (let n = 0; n < 100 && (await read(replica))[0] === 0; n++) await sleep(20);
    expect((await read(replica))[0]).toBe(1);
    await ask('DELETE FROM people WHERE id = 77');
    expect(await read(service)).toEqual([0, false]);
    await permit({ allowedTables: [table, `${engine.prefix}numbers`] });
  });

  it('obeys a permission that was taken away, at once and on every replica', async () => {
    const other = await service.user('user');
    const path = `/api/database/connections/${connectionId}/permissions/${other.id}`;
    const replica = await service.replica();
    const query = { connectionId, query: 'SELECT id FROM people WHERE id = 1' };
    await service.api('PUT', path, {});
    for (const one of [service, replica]) {
      expect((await one.api('POST', '/api/database/query', query, other.token)).status).toBe(200);
    }
    await service.api('DELETE', path);
    for (const one of [replica, service]) {
      expect((await one.api('POST', '/api/database/query', query, other.token)).status).toBe(404);
    }
    await replica.api('PUT', path, { allowedTables: [] });
    expect((await service.api('POST', '/api/database/query', query, other.token)).body.code).toBe(
      'permission.table_denied',
    );
    await service.api('POST', '/api/auth/logout', undefined, other.token);
    expect((await replica.api('POST', '/api/database/query', query, other.token)).status).toBe(401);
  });

  it('cancels a statement that runs on another replica', async () => {
    const replica = await service.replica();
    const running = replica.api(
      'POST',
      '/api/database/query',
      { connectionId, query: engine.slow(63), timeoutMs: 30_000 },
      user.token,
    );
    let pending: any;
    for (let n = 0; n < 100 && !pending; n++) {
      await sleep(50);
      [pending] = await history('&status=pending');
    }
    expect(
      (await service.api('DELETE', `/api/database/query/${pending.id}`, undefined, user.token)).status,
    ).toBe(204);
    expect((await running).body.code).toBe('query.cancelled');
  });

  it('lets viewers read but run nothing', async () => {
    const viewer = await service.user('viewer');
    // The account of the test sees every database of its server, those of other tests among them.
    const allowedSchemas = engine.prefix === '' ? null : [engine.prefix.slice(0, -1)];
    await service.api('PUT', `/api/database/connections/${connectionId}/permissions/${viewer.id}`, {
      allowedSchemas,
    });
    expect((await ask('SELECT 1', {}, viewer.token)).body.code).toBe('auth.forbidden');
    const schema = await service.api(
      'GET',
      `/api/database/schema/tables?connectionId=${connectionId}`,
      undefined,
      viewer.token,
    );
    expect(schema.body.items.map(({ name }: any) => name).toSorted()).toEqual([
      'numbers',
      'people',
      'secrets',
    ]);
  });

  it('finds runs by text, status, connection and time, in pages; others see only their own', async () => {
    const mark = randomUUID();
    for (let n = 0; n < 3; n++) await ask(`SELECT ${n} AS n /* 100%_${mark} */`);
    expect(await history(`&q=${encodeURIComponent(`100%_${mark}`)}`)).toHaveLength(3);
    expect(await history(`&q=${encodeURIComponent(`100_%${mark}`)}`)).toHaveLength(0);
    expect(await history(`&q=${mark}&status=error`)).toHaveLength(0);
    expect(await history(`&q=${mark}&connectionId=${randomUUID()}`)).toHaveLength(0);
    expect(await history(`&q=${mark}&to=2020-01-01T00:00:00Z`)).toHaveLength(0);
    const first = await service.api('GET', `/api/database/history?limit=2&q=${mark}`, undefined, user.token);
    const rest = await service.api(
      'GET',
      `/api/database/history?limit=2&q=${mark}&cursor=${first.body.nextCursor}`,
      undefined,
      user.token,
    );
    expect([...first.body.items, ...rest.body.items].map(({ statement }: any) => statement[7])).toEqual([
      '2',
      '1',
      '0',
    ]);
    expect(rest.body.nextCursor).toBeNull();
    const stranger = await service.user('user');
    expect(
      (await service.api('GET', `/api/database/history?q=${mark}`, undefined, stranger.token)).body.items,
    ).toEqual([]);
    expect((await service.api('GET', `/api/database/history?q=${mark}`)).body.items).toHaveLength(3);
    const { id } = first.body.items[0];
    expect((await service.api('GET', `/api/database/history/${id}`, undefined, stranger.token)).status).toBe(
      404,
    );
  });

  it('records runs and refusals with who, where and which', async () => {
    const run = await ask('SELECT id FROM people WHERE id = 3');
    const refused = await ask('SELECT * FROM secrets');
    const { body } = await service.api('GET', `/api/audit?userId=${user.id}&action=query.*&limit=2`);
    expect(body.items.map(({ action, details, result }: any) => [action, details.queryId, result])).toEqual([
      ['query.refuse', refused.body.queryId, 'failure'],
      ['query.run', run.body.queryId, 'success'],
    ]);
    expect(body.items[1]).toMatchObject({
      actorId: user.id,
      actorName: user.username,
      resourceType: 'connection',
      resourceId: connectionId,
      ipAddress: '127.0.0.1',
      requestId: run.headers.get('x-request-id'),
      details: { kind: 'select', access: 'read', relations: ['people'] },
    });
    expect(body.items[1].userAgent).toBeTruthy();
  });

  it('browses what may be read and nothing else', async () => {
    const list = async (query = ''): Promise<string[]> => {
      const path = `/api/database/schema/tables?connectionId=${connectionId}${query}`;
      return (await service.api('GET', path, undefined, user.token)).body.items.map(({ name }: any) => name);
    };
    expect(await list()).toEqual(['numbers', 'people']);
    expect(await list('&q=PEO')).toEqual(['people']);
    expect(await list('&q=_')).toEqual([]);
    const one = await service.api(
      'GET',
      `/api/database/schema/tables/people?connectionId=${connectionId}`,
      undefined,
      user.token,
    );
    expect(one.body).toMatchObject({ name: 'people', kind: 'table', primaryKey: ['id'] });
    expect(one.body.columns.map(({ name, type }: any) => [name, type])).toEqual([
      ['id', expect.stringMatching(/integer|bigint/)],
      ['name', 'text'],
      ['email', 'text'],
    ]);
    for (const name of ['secrets', `${engine.prefix}secrets`, 'nothing']) {
      const hidden = await service.api(
        'GET',
        `/api/database/schema/tables/${name}?connectionId=${connectionId}`,
        undefined,
        user.token,
      );
      expect(hidden.status).toBe(404);
    }
    const whole = await service.api(
      'GET',
      `/api/database/schema?connectionId=${connectionId}`,
      undefined,
      user.token,
    );
    expect(whole.body.items.map(({ name }: any) => name)).toEqual(['numbers', 'people']);
    expect(whole.text).not.toContain('secrets');
  });

  it('serves many at once without losing a session', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        ask(n % 4 === 0 ? 'SELECT nope FROM people' : `SELECT ${n} AS n FROM people WHERE id = 1`),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(45);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(15);
    // Sessions are cleaned after the answer, and busy until they are.
    const look = async (): Promise<any> => (await service.api('GET', '/api/database/status')).body.items[0];
    let status = await look();
    for (let n = 0; n < 200 && status.pool.busy > 0; n++, status = await look()) await sleep(10);
    expect(status).toMatchObject({ state: 'up', pool: { busy: 0, waiting: 0 } });
  });
});
