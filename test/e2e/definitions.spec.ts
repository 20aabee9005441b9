import { mariadbEngine, postgresqlEngine, sqliteEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

describe.each([
  ['PostgreSQL', postgresqlEngine],
  ['MariaDB', mariadbEngine],
  ['SQLite', sqliteEngine],
] as const)('definitions on %s', (_, startEngine) => {
  let service: TestService;
  let engine: SqlEngine;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), startEngine()]);
    const body = { name: 'e', ...engine.target, readOnly: false };
    connectionId = (await service.api('POST', '/api/database/connections', body)).body.id;
    user = await service.user('user');
    const path = `/api/database/connections/${connectionId}/permissions/${user.id}`;
    await service.api('PUT', path, { canWrite: true });
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  const ask = (query: string, auth: string = service.admin): Promise<Answer> =>
    service.api('POST', '/api/database/query', { connectionId, query }, auth);
  const tables = async (): Promise<string[]> =>
    (
      await service.api('GET', `/api/database/schema/tables?connectionId=${connectionId}&limit=500`)
    ).body.items.map(({ name }: { name: string }) => name);

  it('are made by administrators, and seen in the schema and in results at once', async () => {
    expect(await tables()).not.toContain('made');
    const created = await ask('CREATE TABLE made (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL)');
    expect([created.status, created.body.metadata?.statement]).toEqual([200, 'ddl']);
    expect(await tables()).toContain('made');
    await ask("INSERT INTO made VALUES (1, 'a')");
    expect((await ask('SELECT * FROM made')).body.columns).toHaveLength(2);
    expect((await ask('SELECT * FROM made')).body.cached).toBe(true);
    expect((await ask('ALTER TABLE made ADD COLUMN more INTEGER DEFAULT 5')).status).toBe(200);
    const after = await ask('SELECT * FROM made');
    expect(after.body).toMatchObject({ cached: false, data: [{ id: 1, name: 'a', more: 5 }] });
    expect((await ask('CREATE INDEX made_name ON made (name)')).status).toBe(200);
    expect((await ask('CREATE VIEW seen AS SELECT name FROM made')).status).toBe(200);
    expect((await ask('SELECT * FROM seen')).body.data).toEqual([{ name: 'a' }]);
    expect((await ask('DROP VIEW seen')).status).toBe(200);
    expect((await ask('DROP TABLE made')).status).toBe(200);
    expect(await tables()).not.toContain('made');
  });

  it('are refused to everybody else as ever, whatever they may write', async () => {
    for (const query of [
      'DROP TABLE numbers',
      'CREATE TABLE mine (n INTEGER)',
      'ALTER TABLE numbers ADD COLUMN m INTEGER',
    ]) {
      const { status, body } = await ask(query, user.token);
      expect([status, body.code]).toEqual([403, 'query.read_only']);
      expect(body.detail).toMatch(/^[A-Z ]+ is not accepted here$/);
    }
    expect((await ask('SELECT count(*) AS c FROM numbers')).status).toBe(200);
  });

  it('are refused to administrators in what reaches further than tables', async () => {
    for (const query of [
      'CREATE FUNCTION f() RETURNS INTEGER RETURN 1',
      'CREATE TEMPORARY TABLE t (n INTEGER)',
      'DROP TRIGGER t',
      'CREATE TABLE t (n INTEGER); DROP TABLE numbers',
    ]) {
      const { status, body } = await ask(query);
      expect([status >= 400 && status < 500, body.code]).toEqual([
        true,
        expect.stringMatching(/^query\.(?:read_only|unsupported|syntax|multiple_statements)$/),
      ]);
    }
    const call = await ask("CREATE TABLE t (n INTEGER DEFAULT (leak('x')))");
    expect(call.body.code).toBe('permission.function_denied');
  });

  it('are refused in streams, and where the connection only reads', async () => {
    const body = { connectionId, query: 'DROP TABLE numbers' };
    const stream = await service.api('POST', '/api/database/query/stream?format=ndjson', body);
    expect(stream.body.code).toBe('query.read_only');
    const saved = { name: 'only-reads', ...engine.target, readOnly: true };
    const { id } = (await service.api('POST', '/api/database/connections', saved)).body;
    const refused = await service.api('POST', '/api/database/query', { ...body, connectionId: id });
    expect([refused.status, refused.body.code]).toEqual([403, 'query.read_only']);
    expect((await ask('SELECT count(*) AS c FROM numbers')).status).toBe(200);
  });

  it('are refused to whoever is bound by policies', async () => {
    const [schema, table] = engine.prefix ? [engine.prefix.slice(0, -1), 'people'] : [undefined, 'people'];
    const items = [{ schema, table, rowFilter: 'id > 1', appliesTo: { roles: ['admin'] } }];
    const path = `/api/database/connections/${connectionId}/policies`;
    expect((await service.api('PUT', path, { items })).status).toBe(200);
    const bound = await ask('CREATE TABLE copied (n INTEGER)');
    expect(bound.body.code).toBe('policy.unsupported');
    await service.api('PUT', path, { items: [] });
    expect((await ask('CREATE TABLE copied (n INTEGER)')).status).toBe(200);
  });
});
