import { DataSource } from 'typeorm';
import { SavedResultsService } from '../../src/modules/query/saved-results.service';
import { mariadbEngine, postgresqlEngine, sqliteEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

const QUERIES = '/api/database/saved-queries';

describe.each([
  ['PostgreSQL', postgresqlEngine],
  ['MariaDB', mariadbEngine],
  ['SQLite', sqliteEngine],
] as const)('saved queries on %s', (_, startEngine) => {
  let service: TestService;
  let engine: SqlEngine;
  let connectionId: string;
  let owner: TestUser;
  let colleague: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), startEngine()]);
    connectionId = await connect('e');
    [owner, colleague, viewer, stranger] = await Promise.all([
      service.user('user'),
      service.user('user'),
      service.user('viewer'),
      service.user('user'),
    ]);
    for (const { id } of [owner, colleague, viewer]) await permit(id, {});
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  async function connect(name: string): Promise<string> {
    const body = { name, ...engine.target, readOnly: false };
    return (await service.api('POST', '/api/database/connections', body)).body.id;
  }
  const permit = (userId: string, permission: object, connection = connectionId): Promise<Answer> =>
    service.api('PUT', `/api/database/connections/${connection}/permissions/${userId}`, permission);
  const table = (name: string): string => `${engine.prefix}${name}`;
  const as =
    ({ token }: TestUser) =>
    (method: string, path: string, body?: unknown): Promise<Answer> =>
      service.api(method, path, body, token);
  let count = 0;
  const save = async (by: TestUser, statement: string, more: object = {}): Promise<string> => {
    const body = { name: `q${count++}`, connectionId, statement, ...more };
    const answer = await as(by)('POST', QUERIES, body);
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.body.id;
  };
  const keep = async (by: TestUser, queryId: string): Promise<string> => {
    const answer = await as(by)('POST', `${QUERIES}/${queryId}/results`);
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.body.id;
  };
  const read = (by: TestUser, resultId: string): Promise<Answer> =>
    as(by)('GET', `/api/database/saved-results/${resultId}`);

  it('are the own and those that others share on connections one may use', async () => {
    const mine = await save(owner, 'SELECT 1 AS one', { description: 'mine' });
    const shared = await save(owner, 'SELECT 2 AS two', { shared: true });
    const listed = async (by: TestUser): Promise<string[]> =>
      (await as(by)('GET', `${QUERIES}?limit=500`)).body.items.map(({ id }: { id: string }) => id);
    expect(await listed(owner)).toEqual([shared, mine]);
    for (const other of [colleague, viewer]) {
      expect(await listed(other)).toEqual([shared]);
      expect((await as(other)('GET', `${QUERIES}/${shared}`)).body.statement).toBe('SELECT 2 AS two');
      expect((await as(other)('GET', `${QUERIES}/${mine}`)).status).toBe(404);
    }
    expect(await listed(stranger)).toEqual([]);
    expect((await as(stranger)('GET', `${QUERIES}/${shared}`)).status).toBe(404);
    expect((await as(colleague)('PATCH', `${QUERIES}/${shared}`, { name: 'x' })).status).toBe(403);
    expect((await as(colleague)('DELETE', `${QUERIES}/${shared}`)).status).toBe(403);
    expect((await as(viewer)('DELETE', `${QUERIES}/${shared}`)).status).toBe(403);
    expect((await as(owner)('PATCH', `${QUERIES}/${shared}`, { shared: false })).body.shared).toBe(false);
    expect(await listed(colleague)).toEqual([]);
    expect((await as(owner)('DELETE', `${QUERIES}/${shared}`)).status).toBe(204);
    expect(await listed(owner)).toEqual([mine]);
  });

  it('have one name each, per owner', async () => {
    const body = { name: 'taken', connectionId, statement: 'SELECT 1 AS one' };
    expect((await as(owner)('POST', QUERIES, body)).status).toBe(201);
    expect((await as(owner)('POST', QUERIES, body)).body.code).toBe('resource.name_taken');
    expect((await as(colleague)('POST', QUERIES, body)).status).toBe(201);
    const other = await save(owner, 'SELECT 1 AS one');
    expect((await as(owner)('PATCH', `${QUERIES}/${other}`, { name: 'taken' })).body.code).toBe(
      'resource.name_taken',
    );
  });

  it('belong to a connection that their owner may use', async () => {
    const body = { name: 'x', connectionId, statement: 'SELECT 1 AS one' };
    expect((await as(stranger)('POST', QUERIES, body)).status).toBe(404);
    const elsewhere = await connect('elsewhere');
    const mine = await save(owner, 'SELECT 1 AS one');
    expect((await as(owner)('PATCH', `${QUERIES}/${mine}`, { connectionId: elsewhere })).status).toBe(404);
    expect((await as(viewer)('POST', QUERIES, body)).body.code).toBe('auth.forbidden');
  });

  it('keep results that nobody reads in the system database', async () => {
    const canary = 'grace@example.org';
    const query = await save(owner, 'SELECT name, email FROM people ORDER BY id', { shared: true });
    const id = await keep(owner, query);
    const { status, body } = await read(viewer, id);
    expect([status, body.data[1], body.rowCount]).toEqual([200, { name: 'Grace', email: canary }, 3]);
    const [row] = await service.service.app
      .get(DataSource)
      .query('SELECT r::text AS whole FROM saved_results r WHERE id = $1', [id]);
    expect(row.whole).toContain('ciphertext');
    for (const part of [canary, Buffer.from(canary).toString('base64').slice(2, 18)]) {
      expect(row.whole).not.toContain(part);
    }
    expect(service.logged()).not.toContain(canary);
    const { items } = (await as(viewer)('GET', `${QUERIES}/${query}/results`)).body;
    expect(items).toEqual([expect.objectContaining({ id, rowCount: 3, createdBy: owner.id })]);
    expect(JSON.stringify(items)).not.toContain('ciphertext');
  });

  it('show a result to whom its tables are permitted now, and to nobody else', async () => {
    const query = await save(owner, 'SELECT p.name FROM people p JOIN numbers n ON n.n = p.id', {
      shared: true,
    });
    const id = await keep(owner, query);
    for (const permission of [
      { allowedTables: [table('people'), table('numbers')] },
      { canQuery: false, allowedTables: [table('people'), table('numbers')] },
    ]) {
      await permit(viewer.id, permission);
      expect((await read(viewer, id)).status).toBe(200);
    }
    for (const allowedTables of [[table('people')], [table('numbers')], []]) {
      await permit(viewer.id, { allowedTables });
      expect((await read(viewer, id)).body.code).toBe('permission.table_denied');
    }
    // The owner, too: what was taken from them is not theirs any more.
    await permit(owner.id, { allowedTables: [table('people')] });
    expect((await read(owner, id)).body.code).toBe('permission.table_denied');
    await permit(owner.id, {});
    await permit(viewer.id, {});
    expect((await read(stranger, id)).status).toBe(404);
    await service.api('DELETE', `/api/database/connections/${connectionId}/permissions/${viewer.id}`);
    expect((await read(viewer, id)).status).toBe(404);
    await permit(viewer.id, {});
  });

  it('do not carry a result to another connection when they are moved there', async () => {
    const other = await connect(`other-${count++}`);
    await permit(owner.id, {}, other);
    await permit(stranger.id, {}, other);
    const query = await save(owner, 'SELECT value FROM secrets', { shared: true });
    const id = await keep(owner, query);
    expect((await as(owner)('PATCH', `${QUERIES}/${query}`, { connectionId: other })).status).toBe(200);
    expect((await as(stranger)('GET', `${QUERIES}/${query}`)).status).toBe(200);
    expect((await read(stranger, id)).status).toBe(404);
    await service.api('DELETE', `/api/database/connections/${connectionId}/permissions/${owner.id}`);
    expect((await read(owner, id)).status).toBe(404);
    await permit(owner.id, {});
    expect((await read(owner, id)).status).toBe(200);
  });

  it('run as who asks, within what they may', async () => {
    const query = await save(owner, 'SELECT value FROM secrets', { shared: true });
    await permit(colleague.id, { allowedTables: [table('people')] });
    const denied = await as(colleague)('POST', `${QUERIES}/${query}/results`);
    expect(denied.body.code).toBe('permission.table_denied');
    await permit(colleague.id, {});
    expect((await as(viewer)('POST', `${QUERIES}/${query}/results`)).body.code).toBe('auth.forbidden');
    const kept = await keep(colleague, query);
    expect((await read(owner, kept)).body.data).toEqual([{ value: 'canary-value' }]);
  });

  it('take parameters with them', async () => {
    const statement = `SELECT name FROM people WHERE id = ${engine.placeholder}`;
    const id = await keep(owner, await save(owner, statement, { params: [2] }));
    expect((await read(owner, id)).body.data).toEqual([{ name: 'Grace' }]);
    const body = { name: 'rounded', connectionId, statement };
    const text = `${JSON.stringify(body).slice(0, -1)},"params":[9007199254740993]}`;
    expect((await as(owner)('POST', QUERIES, text)).body.code).toBe('request.invalid');
  });

  it('are refused before they run when they write, whoever asks', async () => {
    await permit(owner.id, { canWrite: true });
    for (const statement of [`INSERT INTO people VALUES (99, 'x', 'y')`, 'DELETE FROM people']) {
      const query = await save(owner, statement);
      const { body } = await as(owner)('POST', `${QUERIES}/${query}/results`);
      expect(body.code).toBe('query.read_only');
      const run = await as(owner)('GET', `/api/database/history/${body.queryId}`);
      expect(run.body).toMatchObject({ status: 'error', errorCode: 'query.read_only' });
    }
    const { body } = await service.api('POST', '/api/database/query', {
      connectionId,
      query: 'SELECT count(*) AS c FROM people',
    });
    expect(Number(body.data[0].c)).toBe(3);
    await permit(owner.id, {});
  });

  it('lose their results when these have expired', async () => {
    const query = await save(owner, 'SELECT 1 AS one');
    const [kept, expired] = [await keep(owner, query), await keep(owner, query)];
    await service.service.app
      .get(DataSource)
      .query(`UPDATE saved_results SET expires_at = now() - interval '1 second' WHERE id = $1`, [expired]);
    expect((await read(owner, expired)).status).toBe(404);
    const { items } = (await as(owner)('GET', `${QUERIES}/${query}/results`)).body;
    expect(items.map(({ id }: { id: string }) => id)).toEqual([kept]);
    expect(await service.service.app.get(SavedResultsService).deleteExpired()).toBe(1);
    expect((await read(owner, kept)).status).toBe(200);
    expect((await as(owner)('DELETE', `${QUERIES}/${query}`)).status).toBe(204);
    expect((await read(owner, kept)).status).toBe(404);
  });

  it('are recorded when they change', async () => {
    const query = await save(owner, 'SELECT 1 AS one');
    await as(owner)('PATCH', `${QUERIES}/${query}`, { description: 'better' });
    await as(owner)('DELETE', `${QUERIES}/${query}`);
    const { body } = await service.api('GET', `/api/audit?resourceId=${query}`);
    expect(body.items.map(({ action, actorId }: any) => [action, actorId])).toEqual([
      ['saved_query.delete', owner.id],
      ['saved_query.update', owner.id],
      ['saved_query.create', owner.id],
    ]);
  });
});

describe("saved results of the server's own catalogs", () => {
  it('are for administrators, as the catalogs are', async () => {
    const [service, engine] = await Promise.all([startTestService(), postgresqlEngine()]);
    try {
      const connection = await service.api('POST', '/api/database/connections', {
        name: 'e',
        ...engine.target,
      });
      const connectionId: string = connection.body.id;
      const viewer = await service.user('viewer');
      await service.api('PUT', `/api/database/connections/${connectionId}/permissions/${viewer.id}`, {});
      for (const name of ['pg_roles', 'pg_catalog.pg_roles']) {
        const body = { name, connectionId, statement: `SELECT rolname FROM ${name}`, shared: true };
        const query = await service.api('POST', QUERIES, body);
        const kept = await service.api('POST', `${QUERIES}/${query.body.id}/results`);
        const path = `/api/database/saved-results/${kept.body.id}`;
        expect((await service.api('GET', path)).status).toBe(200);
        expect((await service.api('GET', path, undefined, viewer.token)).body.code).toBe(
          'permission.table_denied',
        );
      }
    } finally {
      await service.close();
      await engine.drop();
    }
  });
});
