import { mariadbEngine, postgresqlEngine, sqliteEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

describe.each([
  ['PostgreSQL', postgresqlEngine],
  ['MariaDB', mariadbEngine],
  ['SQLite', sqliteEngine],
] as const)('the rows that one write may change, on %s', (_, startEngine) => {
  let service: TestService;
  let engine: SqlEngine;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), startEngine()]);
    const body = { name: 'e', ...engine.target, readOnly: false };
    connectionId = (await service.api('POST', '/api/database/connections', body)).body.id;
    user = await service.user('user');
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  const permit = async (permission: Record<string, unknown>): Promise<any> => {
    const path = `/api/database/connections/${connectionId}/permissions/${user.id}`;
    const { status, body } = await service.api('PUT', path, { canWrite: true, ...permission });
    expect(status).toBe(200);
    return body;
  };
  const ask = (query: string, auth: string = user.token): Promise<Answer> =>
    service.api('POST', '/api/database/query', { connectionId, query, cache: 'bypass' }, auth);
  const count = async (): Promise<number> =>
    Number((await ask('SELECT count(*) AS c FROM numbers')).body.data[0].c);

  it('are 10,000 unless said otherwise, and at least one', async () => {
    expect((await permit({})).maxRowsPerWrite).toBe(10_000);
    expect((await permit({ maxRowsPerWrite: null })).maxRowsPerWrite).toBeNull();
    const path = `/api/database/connections/${connectionId}/permissions/${user.id}`;
    expect((await service.api('PUT', path, { maxRowsPerWrite: 0 })).body.code).toBe('request.invalid');
  });

  it('are held: what changes more is undone, recorded and told', async () => {
    await permit({ maxRowsPerWrite: 10 });
    const before = await count();
    const { status, body } = await ask('DELETE FROM numbers WHERE n <= 11');
    expect([status, body.code]).toEqual([403, 'query.write_too_large']);
    expect(body.detail).toContain('At most 10 rows');
    expect(await count()).toBe(before);
    const { items } = (
      await service.api('GET', '/api/database/history?limit=5&status=error', undefined, user.token)
    ).body;
    expect(items[0]).toMatchObject({ id: body.queryId, errorCode: 'query.write_too_large' });
    const done = await ask('DELETE FROM numbers WHERE n <= 10');
    expect(done.body.metadata.affectedRows).toBe(10);
    expect(await count()).toBe(before - 10);
  });

  it('are not held where nobody set them, and not for administrators', async () => {
    await permit({ maxRowsPerWrite: null });
    expect((await ask('UPDATE numbers SET n = n + 100000')).body.metadata.affectedRows).toBe(await count());
    await permit({ maxRowsPerWrite: 1 });
    const all = await ask('UPDATE numbers SET n = n + 100000', service.admin);
    expect(all.body.metadata.affectedRows).toBe(await count());
  });
});
