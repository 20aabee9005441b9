import { DataSource } from 'typeorm';
import { createServer, type Server } from 'node:net';
import { randomUUID } from 'node:crypto';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { startTestService, type TestService, type TestUser } from './service';

const CANARY = 'canary-Passw0rd-of-nobody';

describe('connections over HTTP', () => {
  let service: TestService;
  let shop: FreshDatabase;
  let user: TestUser;

  beforeAll(async () => {
    [service, shop] = await Promise.all([startTestService(), freshPostgresDatabase()]);
    user = await service.user('user');
  });
  afterAll(async () => {
    await service.close();
    await shop.drop();
  });

  const target = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
    type: 'postgresql',
    host: shop.host,
    port: shop.port,
    database: shop.database,
    username: shop.username,
    password: shop.password,
    ...overrides,
  });
  const create = async (overrides: Record<string, unknown> = {}): Promise<string> => {
    const answer = await service.api(
      'POST',
      '/api/database/connections',
      target({ name: `c-${randomUUID()}`, ...overrides }),
    );
    expect(answer.status).toBe(201);
    return answer.body.id;
  };

  it('lists every kind with what it can do and whether its driver is installed', async () => {
    const { body } = await service.api('GET', '/api/database/supported');
    const installed = Object.fromEntries(body.items.map((item: any) => [item.type, item.installed]));
    expect(installed).toEqual({
      postgresql: true,
      mysql: true,
      mariadb: true,
      sqlite: true,
      mongodb: true,
      redis: false,
      mssql: false,
      oracle: false,
    });
    expect(body.items[0]).toMatchObject({
      label: 'PostgreSQL',
      driver: 'pg',
      capabilities: { cancel: true },
    });
  });

  it('creates, shows, changes and deletes', async () => {
    const name = `life-${randomUUID()}`;
    const created = await service.api(
      'POST',
      '/api/database/connections',
      target({ name, displayName: 'Shop' }),
    );
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      name,
      displayName: 'Shop',
      type: 'postgresql',
      host: shop.host,
      port: shop.port,
      readOnly: true,
      maxConnections: 10,
      active: true,
      revision: 1,
    });
    const { id } = created.body;
    const patched = await service.api('PATCH', `/api/database/connections/${id}`, {
      description: 'orders',
      maxConnections: 3,
    });
    expect(patched.body).toMatchObject({
      description: 'orders',
      maxConnections: 3,
      revision: 2,
      displayName: 'Shop',
    });
    expect((await service.api('GET', `/api/database/connections/${id}`)).body).toEqual(patched.body);
    // What was not sent stayed, the password among it.
    const query = { connectionId: id, query: 'select 1 as one' };
    expect((await service.api('POST', '/api/database/query', query)).body.data).toEqual([{ one: 1 }]);
    expect((await service.api('DELETE', `/api/database/connections/${id}`)).status).toBe(204);
    expect((await service.api('GET', `/api/database/connections/${id}`)).status).toBe(404);
    expect((await service.api('POST', '/api/database/query', query)).status).toBe(404);
  });

  it('pages through the list by name', async () => {
    const ids = await Promise.all([1, 2, 3].map(() => create()));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const path: string = `/api/database/connections?limit=2${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
      const { body } = await service.api('GET', path);
      expect(body.items.length).toBeLessThanOrEqual(2);
      seen.push(...body.items.map((item: any) => item.id));
      cursor = body.nextCursor;
    } while (cursor);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(ids));
    expect((await service.api('GET', '/api/database/connections?cursor=rubbish')).body.code).toBe(
      'request.invalid',
    );
  });

  it('refuses a taken name, an unknown kind, unknown members and missing drivers, each with its code', async () => {
    const name = `taken-${randomUUID()}`;
    await create({ name });
    const codeOf = async (body: unknown): Promise<string> =>
      (await service.api('POST', '/api/database/connections', body)).body.code;
    expect(await codeOf(target({ name }))).toBe('resource.name_taken');
    expect(await codeOf(target({ name: 'x', type: 'dbase' }))).toBe('request.invalid');
    expect(await codeOf(target({ name: 'x', passwort: 'y' }))).toBe('request.invalid');
    expect(await codeOf(target({ name: 'x', options: { noSuchOption: 1 } }))).toBe(
      'connection.invalid_config',
    );
    expect(await codeOf({ name: 'x', type: 'oracle', host: 'h' })).toBe('connection.driver_missing');
    expect(await codeOf({ name: 'x', type: 'postgresql' })).toBe('connection.invalid_config');
  });

  describe('the test before saving', () => {
    const test = async (overrides: Record<string, unknown>): Promise<any> => {
      const { status, body } = await service.api('POST', '/api/database/connections/test', target(overrides));
      expect(status).toBe(200);
      return body;
    };
    const codeOf = async (overrides: Record<string, unknown>): Promise<string> =>
      (await test(overrides)).error?.code;

    it('reports version, latency and an account that could write, with the statements that mend it', async () => {
      const body = await test({});
      expect(body).toMatchObject({
        success: true,
        readOnlyAccount: false,
        provablyReadOnly: false,
        account: [{ code: 'superuser' }],
      });
      expect(body.serverVersion).toMatch(/^1\d\./);
      expect(body.latencyMs).toBeGreaterThan(0);
      const warning = body.warnings.find(({ code }: any) => /account/.test(code));
      expect(warning.statements.length).toBeGreaterThan(0);
    });

    it('tells what is wrong: name, port, password, database, address', async () => {
      expect(await codeOf({ host: 'no-such-host.invalid' })).toBe('connection.host_not_found');
      expect(await codeOf({ port: 1 })).toBe('connection.refused');
      expect(await codeOf({ password: CANARY })).toBe('connection.auth_failed');
      expect(await codeOf({ database: 'no_such_database' })).toBe('connection.database_not_found');
      expect(await codeOf({ ssl: true })).toBe('connection.tls_failed');
      expect(await codeOf({ host: '169.254.169.254' })).toBe('connection.address_denied');
      expect(await codeOf({ host: '0x7f.1' })).toBe('connection.host_not_found');
    });

    it('does not hang on a server that never answers', async () => {
      const silent: Server = createServer(() => undefined);
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const { port } = silent.address() as { port: number };
      try {
        expect(await codeOf({ host: '127.0.0.1', port })).toBe('connection.timeout');
      } finally {
        silent.close();
      }
    });

    it('saves nothing', async () => {
      const before = (await service.api('GET', '/api/database/connections?limit=500')).body.items.length;
      await test({ name: 'not saved' });
      expect((await service.api('GET', '/api/database/connections?limit=500')).body.items).toHaveLength(
        before,
      );
    });
  });

  it('says what the account could do from its first test on, until the connection changes', async () => {
    const id = await create();
    const path = `/api/database/connections/${id}`;
    const user = await service.user('user');
    await service.api('PUT', `${path}/permissions/${user.id}`, {});
    const unknown = {
      provablyReadOnly: null,
      account: null,
      accountCheckedAt: null,
      readOnlyAccountScript: null,
    };
    expect((await service.api('GET', path)).body).toMatchObject(unknown);
    const { body } = await service.api('POST', `${path}/test`);
    const known = { provablyReadOnly: false, account: [{ code: 'superuser' }] };
    expect(body).toMatchObject(known);
    const shown = (await service.api('GET', path)).body;
    expect(shown).toMatchObject({ ...known, readOnlyAccountScript: `${path}/read-only-account` });
    expect(Date.parse(shown.accountCheckedAt)).toBeGreaterThan(Date.now() - 60_000);
    expect((await service.api('GET', shown.readOnlyAccountScript)).status).toBe(200);
    // who may only use it learns whether, not how
    expect((await service.api('GET', path, undefined, user.token)).body).toMatchObject({
      provablyReadOnly: false,
      account: null,
      readOnlyAccountScript: null,
    });
    await service.api('PATCH', path, { description: 'changed' });
    expect((await service.api('GET', path)).body).toMatchObject(unknown);
  });

  it('does not send a saved password to another server', async () => {
    const id = await create();
    const moved = await service.api('PATCH', `/api/database/connections/${id}`, { host: 'attacker.example' });
    expect(moved.body).toMatchObject({ code: 'connection.invalid_config', errors: [{ path: '/password' }] });
    const weaker = await service.api('PATCH', `/api/database/connections/${id}`, { ssl: { mode: 'prefer' } });
    expect(weaker.body.code).toBe('connection.invalid_config');
    const honest = await service.api('PATCH', `/api/database/connections/${id}`, {
      port: shop.port,
      database: 'other',
    });
    expect(honest.status).toBe(200);
  });

  it('never shows a password: not in answers, logs, the audit, errors or the OpenAPI document', async () => {
    const id = await create({ password: CANARY });
    const string = `postgresql://someone:${CANARY}@${shop.host}:${shop.port}/${shop.database}`;
    const other = await service.api('POST', '/api/database/connections', {
      name: `string-${randomUUID()}`,
      type: 'postgresql',
      connectionString: string,
    });
    expect(other.status).toBe(201);
    const answers = await Promise.all([
      service.api('GET', '/api/database/connections?limit=500'),
      service.api('GET', `/api/database/connections/${id}`),
      service.api('PATCH', `/api/database/connections/${id}`, { description: 'x' }),
      service.api('POST', `/api/database/connections/${id}/test`),
      service.api('POST', '/api/database/connections/test', target({ password: CANARY, port: 1 })),
      service.api('POST', '/api/database/connections', target({ name: 'x', password: CANARY, type: 7 })),
      service.api('POST', '/api/database/connections', `{"password": "${CANARY}", `),
      service.api('POST', '/api/database/query', { connectionId: id, query: 'select 1' }),
      service.api('GET', `/api/database/connections/${id}/read-only-account`),
      service.api('GET', `/api/database/connections/${id}/events`),
      service.api('GET', '/api/database/status?limit=500'),
      service.api('GET', '/api/database/history'),
      service.api('GET', '/api/audit?limit=500'),
      service.api('GET', '/metrics'),
      service.api('GET', '/openapi.json'),
    ]);
    for (const { text } of [...answers, other]) expect(text).not.toContain(CANARY);
    expect(service.logged()).not.toContain(CANARY);
    const rows: { config: string }[] = await service.service.app
      .get(DataSource)
      .query('SELECT connection_config::text AS config FROM database_connections');
    expect(rows.length).toBeGreaterThan(1);
    for (const { config } of rows) expect(config).not.toContain(CANARY);
  });

  it('generates the statements of an account that can only read', async () => {
    const id = await create();
    const { body } = await service.api(
      'GET',
      `/api/database/connections/${id}/read-only-account?username=ana%22lyst`,
    );
    expect(body.statements.join('\n')).toContain('"ana""lyst"');
    expect(body.statements.join('\n')).toMatch(/GRANT SELECT/i);
  });

  it('shows users what they have a permission on, without where it is, and hides the rest', async () => {
    const [mine, other] = [await create(), await create()];
    await service.api('PUT', `/api/database/connections/${mine}/permissions/${user.id}`, {});
    const list = await service.api('GET', '/api/database/connections?limit=500', undefined, user.token);
    expect(list.body.items.map((item: any) => item.id)).toEqual([mine]);
    expect(list.body.items[0]).toMatchObject({ host: null, port: null, username: null, database: null });
    expect(
      (await service.api('GET', `/api/database/connections/${other}`, undefined, user.token)).status,
    ).toBe(404);
    const absent = await service.api(
      'GET',
      `/api/database/connections/${randomUUID()}`,
      undefined,
      user.token,
    );
    const notMine = await service.api('GET', `/api/database/connections/${other}`, undefined, user.token);
    expect({ ...notMine.body, instance: 0, requestId: 0 }).toEqual({
      ...absent.body,
      instance: 0,
      requestId: 0,
    });
    for (const [method, path, body] of [
      ['POST', '/api/database/connections', target({ name: 'x' })],
      ['POST', '/api/database/connections/test', target()],
      ['PATCH', `/api/database/connections/${mine}`, {}],
      ['DELETE', `/api/database/connections/${mine}`, undefined],
      ['GET', `/api/database/connections/${mine}/permissions`, undefined],
      ['PUT', `/api/database/connections/${mine}/permissions/${user.id}`, {}],
      ['GET', `/api/database/connections/${mine}/read-only-account`, undefined],
    ] as const) {
      expect((await service.api(method, path, body, user.token)).body.code).toBe('auth.forbidden');
    }
  });

  it('shows callers what they may do on which connection', async () => {
    const id = await create();
    const fresh = await service.user('viewer');
    const granted = { allowedSchemas: ['shop'], allowedTables: ['shop.orders'], maxRowsPerQuery: 5 };
    await service.api('PUT', `/api/database/connections/${id}/permissions/${fresh.id}`, granted);
    const own = await service.api('GET', '/api/database/permissions', undefined, fresh.token);
    expect(own.body.items).toEqual([
      expect.objectContaining({ connectionId: id, userId: fresh.id, ...granted }),
    ]);
    expect((await service.api('GET', '/api/database/permissions')).body.items).toEqual([]);
  });

  it('makes one the default of its caller', async () => {
    const id = await create();
    const query = { query: 'select 2 as two' };
    const fresh = await service.user('user');
    expect((await service.api('POST', '/api/database/query', query, fresh.token)).body.code).toBe(
      'connection.none_selected',
    );
    expect(
      (await service.api('PUT', `/api/database/connections/${id}/activate`, undefined, fresh.token)).status,
    ).toBe(404);
    await service.api('PUT', `/api/database/connections/${id}/permissions/${fresh.id}`, {});
    const activated = await service.api(
      'PUT',
      `/api/database/connections/${id}/activate`,
      undefined,
      fresh.token,
    );
    expect(activated.body).toMatchObject({ id, isDefault: true });
    expect((await service.api('POST', '/api/database/query', query, fresh.token)).body.data).toEqual([
      { two: 2 },
    ]);
  });

  it('shows state, since when, pool and history of each', async () => {
    const id = await create();
    const stateOf = async (): Promise<any> =>
      (await service.api('GET', '/api/database/status?limit=500')).body.items.find(
        (item: any) => item.connectionId === id,
      );
    expect(await stateOf()).toMatchObject({ state: 'unknown', pool: null });
    await service.api('POST', '/api/database/query', { connectionId: id, query: 'select 1' });
    expect(await stateOf()).toMatchObject({ state: 'up', pool: { max: 10, waiting: 0 } });
    const broken = await create({ port: 1 });
    const failed = await service.api('POST', '/api/database/query', {
      connectionId: broken,
      query: 'select 1',
    });
    expect(failed.body.code).toBe('connection.refused');
    const events = await service.api('GET', `/api/database/connections/${broken}/events`);
    expect(events.body.items[0]).toMatchObject({ state: 'down', code: 'connection.refused' });
    expect((await service.api('GET', '/api/database/health')).body).toMatchObject({ status: 'degraded' });
  });

  it('leaves a database alone that keeps failing, and says when to come back', async () => {
    const id = await create({ port: 1 });
    const codes: string[] = [];
    let answer: any;
    for (let n = 0; n < 5; n++) {
      answer = await service.api('POST', '/api/database/query', { connectionId: id, query: 'select 1' });
      codes.push(answer.body.code);
    }
    expect(codes.slice(0, 3)).toEqual(['connection.refused', 'connection.refused', 'connection.refused']);
    expect(codes).toContain('connection.circuit_open');
    const patched = await service.api('PATCH', `/api/database/connections/${id}`, {
      port: shop.port,
      password: shop.password,
    });
    expect(patched.status).toBe(200);
    const again = await service.api('POST', '/api/database/query', {
      connectionId: id,
      query: 'select 1 as one',
    });
    expect(again.body.data).toEqual([{ one: 1 }]);
  });

  it('switches a connection off and on', async () => {
    const id = await create();
    await service.api('PATCH', `/api/database/connections/${id}`, { active: false });
    const off = await service.api('POST', '/api/database/query', { connectionId: id, query: 'select 1' });
    expect(off.body.code).toBe('connection.inactive');
    await service.api('PATCH', `/api/database/connections/${id}`, { active: true });
    expect(
      (await service.api('POST', '/api/database/query', { connectionId: id, query: 'select 1' })).status,
    ).toBe(200);
  });

  it('records every change', async () => {
    const id = await create();
    await service.api('PATCH', `/api/database/connections/${id}`, { description: 'x' });
    await service.api('PUT', `/api/database/connections/${id}/permissions/${user.id}`, { canWrite: true });
    await service.api('DELETE', `/api/database/connections/${id}/permissions/${user.id}`);
    await service.api('DELETE', `/api/database/connections/${id}`);
    const { body } = await service.api('GET', '/api/audit?limit=20');
    expect(body.items.slice(0, 5).map((item: any) => item.action)).toEqual([
      'connection.delete',
      'permission.revoke',
      'permission.grant',
      'connection.update',
      'connection.create',
    ]);
    expect(body.items[0]).toMatchObject({ actorName: 'admin', ipAddress: '127.0.0.1', result: 'success' });
    expect(body.items[0].requestId).toMatch(/^[0-9a-f-]{36}$/);
  });
});
