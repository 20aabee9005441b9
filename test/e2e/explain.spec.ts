import { Client, type ClientConfig } from 'pg';
import { mariadbEngine, postgresqlEngine, sqliteEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

interface Node {
  readonly operation: string;
  readonly children: readonly Node[];
  readonly [member: string]: unknown;
}

const nodesOf = (node: Node): Node[] => [node, ...node.children.flatMap(nodesOf)];

/** How an engine tells what all of them are asked. */
interface Expected {
  readonly byKey: Record<string, unknown>;
  readonly operations: Record<'sorted' | 'grouped' | 'limited', string | null>;
  readonly estimates: boolean;
  /** Tables stand in plans by their own names, also where a view brings them. */
  readonly namesBelowViews: boolean;
}

const postgresql: Expected = {
  byKey: { operation: 'index_only_scan', index: 'numbers_pkey', schema: 'public', table: 'numbers' },
  operations: { sorted: 'sort', grouped: 'aggregate', limited: 'limit' },
  estimates: true,
  namesBelowViews: true,
};

const mariadb: Expected = {
  byKey: { operation: 'key_lookup', index: 'PRIMARY', table: 'numbers' },
  operations: { sorted: 'sort', grouped: null, limited: null },
  estimates: true,
  namesBelowViews: false,
};

const sqlite: Expected = {
  byKey: { operation: 'key_lookup', table: 'numbers' },
  operations: { sorted: 'sort', grouped: 'aggregate', limited: null },
  estimates: false,
  namesBelowViews: false,
};

describe.each([
  ['PostgreSQL', postgresqlEngine, postgresql],
  ['MariaDB', mariadbEngine, mariadb],
  ['SQLite', sqliteEngine, sqlite],
] as const)('plans over HTTP on %s', (_, startEngine, expected) => {
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
  });
  beforeEach(() => permit({ allowedTables: tables('people', 'numbers') }));
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  const tables = (...names: string[]): string[] => names.map((name) => engine.prefix + name);
  const permit = async (permission: Record<string, unknown>): Promise<void> => {
    const path = `/api/database/connections/${connectionId}/permissions/${user.id}`;
    expect((await service.api('PUT', path, permission)).status).toBe(200);
  };
  const protect = async (items: readonly unknown[]): Promise<void> => {
    const path = `/api/database/connections/${connectionId}/policies`;
    expect((await service.api('PUT', path, { items })).status).toBe(200);
  };
  const post = (path: string, query: unknown, more: object = {}, auth = user.token): Promise<Answer> =>
    service.api('POST', `/api/database/query${path}`, { connectionId, query, ...more }, auth);
  const explain = (query: unknown, more: object = {}, auth = user.token): Promise<Answer> =>
    post('/explain', query, more, auth);
  const planOf = async (query: string, more: object = {}): Promise<Node[]> => {
    const { status, body, text } = await explain(query, more);
    expect([status, text]).toEqual([200, expect.any(String)]);
    return nodesOf(body.plan);
  };

  it('answers a look-up by key with the step that uses it', async () => {
    const { status, body } = await explain(`SELECT n FROM numbers WHERE n = ${engine.placeholder}`, {
      params: [17],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      queryId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      success: true,
      statement: 'select',
      warnings: [],
      metadata: { connectionId, engine: engine.type },
    });
    expect(nodesOf(body.plan)).toContainEqual(expect.objectContaining(expected.byKey));
    expect('estimatedRows' in body.plan).toBe(expected.estimates);
  });

  it('warns of a table that is read whole under a condition, and of none without', async () => {
    const { body } = await explain(`SELECT p.id FROM people p WHERE p.name = 'canary-constant'`);
    const scan = nodesOf(body.plan).find(({ operation }) => operation === 'full_scan');
    expect(scan).toMatchObject({ table: 'people', alias: 'p' });
    expect(body.warnings).toEqual([expect.objectContaining({ code: 'full_scan', table: 'people' })]);
    expect(JSON.stringify(body)).not.toContain('canary-constant');
    const whole = await explain('SELECT id, name FROM people');
    expect(nodesOf(whole.body.plan).map(({ operation }) => operation)).toContain('full_scan');
    expect(whole.body.warnings).toEqual([]);
  });

  it('has a join with what it joins', async () => {
    const nodes = await planOf(
      'SELECT p.name, n.n FROM people p JOIN numbers n ON n.n = p.id WHERE p.id < 3',
    );
    const join = nodes.find(({ operation }) => /_(loop|join)$/.test(operation));
    expect(join?.children.length).toBe(2);
    const read = nodes.map(({ table }) => table);
    expect(read).toEqual(expect.arrayContaining(['people', 'numbers']));
  });

  it('shows order, groups and limits as the engine tells of them', async () => {
    const { sorted, grouped, limited } = expected.operations;
    const nodes = await planOf(
      'SELECT name, count(*) AS c FROM people GROUP BY name ORDER BY count(*), name LIMIT 2',
    );
    const operations = nodes.map(({ operation }) => operation);
    const told = [sorted, grouped, limited].filter((operation) => operation !== null);
    expect(operations).toEqual(expect.arrayContaining(told));
    expect((await planOf('SELECT 1 AS one')).length).toBeGreaterThan(0);
    const union = await planOf('SELECT name FROM people UNION SELECT email FROM people');
    expect(union.map(({ operation }) => operation)).toContain('union');
  });

  it('refuses as a run is refused', async () => {
    for (const [query, more] of [
      ['SELECT value FROM secrets', {}],
      ['SELECT * FROM people WHERE id IN (SELECT id FROM secrets)', {}],
      ['SELEC 1', {}],
      ['SELECT name FROM people;\n SELECT 1', {}],
      ['SELECT name FROM people', { params: [1] }],
      ["DELETE FROM people WHERE name = 'Ada'", {}],
      ['SELECT 1', { connectionId: '797acc11-1895-4207-8cb6-4085b6bd9c89' }],
    ] as const) {
      const [plan, run] = [await explain(query, more), await post('', query, more)];
      expect([query, plan.status, plan.body.code, plan.body.position, plan.body.detail]).toEqual([
        query,
        run.status,
        run.body.code,
        run.body.position,
        run.body.detail,
      ]);
      expect(plan.status).toBeGreaterThanOrEqual(400);
    }
    expect((await explain('SELECT 1', {}, 'nobody')).status).toBe(401);
    const viewer = await service.user('viewer');
    expect((await explain('SELECT 1', {}, viewer.token)).body.code).toBe('auth.forbidden');
    expect((await explain('SELECT 1', { analyze: true })).body.code).toBe('request.invalid');
  });

  it('tells what the server refuses in places of the text as it was written', async () => {
    const query = 'SELECT id,\n  missing FROM people';
    const [plan, run] = [await explain(query), await post('', query)];
    expect([plan.body.code, plan.body.position]).toEqual([run.body.code, run.body.position]);
    expect(plan.body.code).toBe('query.unknown_object');
  });

  it('takes the statement itself, and nothing that would run it', async () => {
    for (const query of [
      'EXPLAIN SELECT 1',
      'EXPLAIN ANALYZE SELECT 1',
      'ANALYZE SELECT 1',
      'ANALYZE',
      '(ANALYZE) SELECT 1',
      'people',
      'CREATE TABLE t AS SELECT 1',
    ]) {
      const { status, body } = await explain(query);
      expect([query, status >= 400 && status < 500, body.success]).toEqual([query, true, undefined]);
    }
    const explained = await explain('EXPLAIN SELECT 1');
    expect([explained.status, explained.body.code]).toEqual([400, 'query.unsupported']);
    const administrator = await explain('CREATE TABLE made (id int)', {}, service.admin);
    expect([administrator.status, administrator.body.code]).toEqual([400, 'query.unsupported']);
    expect((await post('', 'SELECT * FROM made', {}, service.admin)).body.code).toBe('query.unknown_object');
  });

  it('explains a write to whoever may write, and writes nothing', async () => {
    await permit({ canWrite: true, writableTables: tables('people'), allowedTables: tables('people') });
    const rows = async (): Promise<unknown> =>
      (await post('', 'SELECT id, name, email FROM people ORDER BY id', { cache: 'bypass' })).body.data;
    const before = await rows();
    for (const [statement, query] of [
      ['update', `UPDATE people SET name = 'changed' WHERE id = 1`],
      ['delete', 'DELETE FROM people'],
      ['insert', `INSERT INTO people (id, name) VALUES (4, 'Alan')`],
      ['insert', 'INSERT INTO people (id, name) SELECT id + 10, name FROM people'],
    ] as const) {
      const { status, body, text } = await explain(query);
      expect([status, text]).toEqual([200, expect.any(String)]);
      expect(body.statement).toBe(statement);
      expect(body.plan).toMatchObject({ operation: 'write', table: 'people' });
    }
    expect(await rows()).toEqual(before);
    await permit({ allowedTables: tables('people') });
    expect((await explain('DELETE FROM people')).body.code).toBe('permission.write_denied');
  });

  it('is a run of the kind explain in history and record', async () => {
    const query = 'SELECT name FROM people WHERE id = 2';
    const { body } = await explain(query);
    const { items } = (await service.api('GET', '/api/database/history?limit=5', undefined, user.token)).body;
    const entry = items.find(({ id }: { id: string }) => id === body.queryId);
    expect(entry).toMatchObject({ status: 'success', statementKind: 'explain' });
    expect(entry.statement).toMatch(new RegExp(`^EXPLAIN .*${query}$`));
    await explain('SELECT value FROM secrets');
    const refused = (await service.api('GET', '/api/database/history?limit=1', undefined, user.token)).body
      .items[0];
    expect(refused).toMatchObject({ status: 'error', errorCode: 'permission.table_denied' });
    expect(refused.statement).toMatch(/^EXPLAIN /);
    const audit = await service.api('GET', `/api/audit?action=query.run&userId=${user.id}&limit=50`);
    const event = audit.body.items.find((one: any) => one.details.queryId === body.queryId);
    expect(event.details.kind).toBe('explain');
  });

  it('does not cut a plan that has more steps than the caller may have rows', async () => {
    await permit({ maxRowsPerQuery: 1, allowedTables: tables('people', 'numbers') });
    const query = 'SELECT p.name FROM people p JOIN numbers n ON n.n = p.id JOIN numbers m ON m.n = n.n + 1';
    const nodes = await planOf(query, { maxRows: 1 });
    expect(nodes.filter(({ table }) => table !== undefined)).toHaveLength(3);
  });

  it('names below a view only what the caller may read, and reckons nothing from the rest', async () => {
    const view = `CREATE VIEW peek AS SELECT hush.id FROM secrets hush WHERE hush.value <> 'canary'`;
    expect((await post('', view, {}, service.admin)).status).toBe(200);
    await permit({ allowedTables: tables('peek', 'people') });
    for (const query of ['SELECT * FROM peek WHERE id = 1', 'SELECT p.id FROM people p JOIN peek ON true']) {
      const { status, text } = await explain(query);
      expect([status, text]).toEqual([200, expect.any(String)]);
      expect(text).not.toMatch(/secrets|hush|canary|estimated/);
    }
    expect((await explain('SELECT * FROM peek WHERE id = 1')).text).not.toContain('"index"');
    // the name that the table has below the view
    const guessed = await explain('SELECT hush.id FROM peek hush WHERE hush.id = 1');
    expect([guessed.status, guessed.text]).toEqual([200, expect.not.stringMatching(/"index"|estimated/)]);
    const administrator = await explain('SELECT * FROM peek WHERE id = 1', {}, service.admin);
    expect(JSON.stringify(administrator.body).includes('secrets')).toBe(expected.namesBelowViews);
  });

  it('tells under policies neither what they hold nor what they hide', async () => {
    const { schema } = { schema: engine.type === 'sqlite' ? undefined : engine.prefix.slice(0, -1) };
    await protect([
      { schema, table: 'people', column: 'email', mask: 'expression', expression: `'mask-canary'` },
      { schema, table: 'people', column: 'name', mask: 'hash' },
      { schema, table: 'people', rowFilter: `id <> 987654 AND name <> 'filter-canary'` },
    ]);
    for (const query of [
      'SELECT * FROM people',
      'SELECT id FROM people WHERE id = 2',
      'SELECT p.email, count(*) AS c FROM people p JOIN numbers n ON n.n = p.id GROUP BY p.email ORDER BY 1',
      `SELECT p.name FROM people p WHERE p.name LIKE 'a%'`,
      'SELECT n FROM numbers WHERE n IN (SELECT id FROM people)',
    ]) {
      const { status, text, body } = await explain(query);
      expect([status, text]).toEqual([200, expect.any(String)]);
      expect(text).not.toMatch(/canary|987654|sha|md5|hmac|hash\(|estimated|"index"|pkey/i);
      expect(nodesOf(body.plan).map(({ table }) => table)).toContain('people');
    }
    const shapeOf = async (id: number): Promise<unknown> =>
      (await explain(`SELECT name FROM people WHERE id = ${id}`)).body.plan;
    await protect([{ schema, table: 'people', rowFilter: 'id <> 3' }]);
    // the row that the filter hides, and one that is not there
    expect(await shapeOf(3)).toEqual(await shapeOf(99));
    const other = await explain('SELECT n FROM numbers WHERE n = 5');
    expect('estimatedRows' in other.body.plan).toBe(expected.estimates);
    await protect([]);
  });
});

describe('a plan that the database keeps waiting for', () => {
  let service: TestService;
  let engine: SqlEngine;
  let locker: Client;
  let connectionId: string;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), postgresqlEngine()]);
    const { username: user, ...target } = engine.target;
    locker = new Client({ ...target, user } as ClientConfig);
    await locker.connect();
    const created = await service.api('POST', '/api/database/connections', { name: 'e', ...engine.target });
    connectionId = created.body.id;
    await locker.query('BEGIN');
    await locker.query('LOCK TABLE people IN ACCESS EXCLUSIVE MODE');
  });
  afterAll(async () => {
    await locker?.end();
    await service?.close();
    await engine?.drop();
  });

  const explain = (more: object = {}): Promise<Answer> =>
    service.api('POST', '/api/database/query/explain', {
      connectionId,
      query: 'SELECT name FROM people',
      ...more,
    });

  it('ends with its time', async () => {
    const { status, body } = await explain({ timeoutMs: 200 });
    expect([status, body.code]).toEqual([504, 'query.timeout']);
  });

  it('is among what runs, and is stopped as every run is', async () => {
    const answered = explain();
    const running = async (): Promise<{ queryId: string; statement: string } | undefined> =>
      (await service.api('GET', '/api/database/query/running')).body.items[0];
    let found = await running();
    while (found === undefined) found = await running();
    expect(found.statement).toMatch(/^EXPLAIN .*FROM people$/);
    expect((await service.api('DELETE', `/api/database/query/${found.queryId}`)).status).toBe(204);
    expect((await answered).body.code).toBe('query.cancelled');
  });
});
