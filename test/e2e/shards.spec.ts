import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { freshMariadbDatabase, freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { startTestService, type Answer, type Auth, type TestService, type TestUser } from './service';

describe('shards over HTTP', () => {
  let service: TestService;
  let other: TestService;
  let user: TestUser;
  const databases: FreshDatabase[] = [];
  const connectionOf = new Map<string, string>();

  /** A real database that knows its own name. */
  const database = async (name: string): Promise<FreshDatabase> => {
    const fresh = await freshMariadbDatabase();
    databases.push(fresh);
    const client = await createConnection(fresh.url);
    await client.query('CREATE TABLE whoami (name VARCHAR(60))');
    await client.query('INSERT INTO whoami VALUES (?)', [name]);
    await client.end();
    return fresh;
  };
  const bodyOf = async (shardId: string): Promise<Record<string, unknown>> => {
    const { host, port, database: databaseName, username, password } = await database(shardId);
    return { shardId, type: 'mariadb', host, port, databaseName, username, password };
  };
  const add = async (shardId: string, more: Record<string, unknown> = {}): Promise<Answer> => {
    const answer = await service.api('POST', '/api/shards', { ...(await bodyOf(shardId)), ...more });
    expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
    connectionOf.set(shardId, answer.body.connectionId);
    return answer;
  };
  const permit = (shardId: string, userId: string, permission: object = {}): Promise<Answer> =>
    service.api(
      'PUT',
      `/api/database/connections/${connectionOf.get(shardId)}/permissions/${userId}`,
      permission,
    );
  const set = async (shardId: string, status: string): Promise<void> => {
    expect((await service.api('PATCH', `/api/shards/${shardId}`, { status })).body.status).toBe(status);
  };
  const WHO = 'SELECT name FROM whoami';
  const ask = (target: string, more: object = {}, auth?: Auth, on: TestService = service): Promise<Answer> =>
    on.api('POST', `/api/shards/${target}/query`, { query: WHO, cache: 'bypass', ...more }, auth);
  /** The name of the database that answered, or status and code. */
  const told = ({ status, body }: Answer): unknown =>
    status === 200 ? body.data[0].name : [status, body.code];

  beforeAll(async () => {
    service = await startTestService();
    other = await service.replica();
    user = await service.user('user');
    await add('one');
    await add('two');
  });
  afterAll(async () => {
    await service?.close();
    for (const one of databases) await one.drop();
  });
  beforeEach(async () => {
    await set('one', 'active');
    await set('two', 'active');
  });

  it('shows a shard without its password', async () => {
    const { body, text } = await service.api('GET', '/api/shards/one');
    expect(body).toMatchObject({
      shardId: 'one',
      group: 'default',
      type: 'mariadb',
      status: 'active',
      state: 'up',
      connectionId: connectionOf.get('one'),
      region: null,
      databaseName: databases[0]!.database,
    });
    expect(body.latencyMs).toBeGreaterThan(0);
    expect(text).not.toContain(databases[0]!.password);
    expect(text).not.toContain('"password"');
    const { rows } = await tables();
    expect(rows).not.toContain(databases[0]!.password);
    const list = await service.api('GET', '/api/shards?limit=1');
    expect(list.body.items.map(({ shardId }: any) => shardId)).toEqual(['one']);
    const rest = await service.api('GET', `/api/shards?cursor=${list.body.nextCursor}`);
    expect(rest.body.items.map(({ shardId }: any) => shardId)).toEqual(['two']);
  });

  const tables = async (): Promise<{ rows: string }> => {
    const { Client } = await import('pg');
    const client = new Client({ connectionString: service.database.url });
    await client.connect();
    const found = await client.query(
      `SELECT (SELECT string_agg(s::text, ' ') FROM shards s) || (SELECT string_agg(c::text, ' ') FROM database_connections c)
         || (SELECT string_agg(a::text, ' ') FROM audit_logs a) AS text`,
    );
    await client.end();
    return { rows: found.rows[0].text };
  };

  it('refuses what is no shard', async () => {
    const body = await bodyOf('three');
    const codes: unknown[] = [];
    for (const wrong of [
      { shardId: 'global' },
      { shardId: 'session' },
      { shardId: 'Three Fields' },
      { shardId: '' },
      { status: 'asleep' },
      { type: 'sqlite' },
      { host: undefined },
      { port: 0 },
      { nothing: 1 },
    ]) {
      codes.push((await service.api('POST', '/api/shards', { ...body, ...wrong })).body.code);
    }
    expect(codes).toEqual(codes.map(() => 'request.invalid'));
    expect((await service.api('POST', '/api/shards', { ...body, shardId: 'one' })).status).toBe(409);
    expect((await service.api('POST', '/api/shards', { ...body, group: 'none' })).status).toBe(404);
    expect((await service.api('GET', '/api/shards/three')).status).toBe(404);
  });

  it('asks the shard that is named, on both replicas', async () => {
    for (const replica of [service, other]) {
      expect(told(await ask('one', {}, undefined, replica))).toBe('one');
      expect(told(await ask('two', {}, undefined, replica))).toBe('two');
    }
  });

  it('asks the same pipeline as any query: permission, policies, record', async () => {
    expect(told(await ask('one', {}, user.token))).toEqual([409, 'shard.unknown']);
    await permit('one', user.id, { allowedTables: [] });
    expect(told(await ask('one', {}, user.token))).toEqual([403, 'permission.table_denied']);
    await permit('one', user.id);
    expect(told(await ask('one', {}, user.token))).toBe('one');
    await service.api('PUT', `/api/database/connections/${connectionOf.get('one')}/policies`, {
      items: [{ table: 'whoami', column: 'name', mask: 'full' }],
    });
    const masked = await ask('one', {}, user.token);
    expect(masked.body.columns[0].masked).toBe(true);
    expect(told(masked)).not.toBe('one');
    await service.api('PUT', `/api/database/connections/${connectionOf.get('one')}/policies`, { items: [] });
    const history = await service.api('GET', '/api/database/history?limit=1', undefined, user.token);
    expect(history.body.items[0]).toMatchObject({
      id: masked.body.queryId,
      connectionId: connectionOf.get('one'),
      status: 'success',
    });
  });

  it('does not tell whom it does not concern whether there is a shard, or how it is', async () => {
    const stranger = await service.user('user');
    await set('two', 'maintenance');
    const there = await ask('two', {}, stranger.token);
    const nowhere = await ask('no-such-shard', {}, stranger.token);
    const strip = ({ body }: Answer): unknown => ({ ...body, requestId: 0, queryId: 0, instance: 0 });
    expect(strip(there)).toEqual(strip(nowhere));
    expect(told(nowhere)).toEqual([409, 'shard.unknown']);
    const { body } = await service.api('GET', '/api/shards/active', undefined, stranger.token);
    expect(body.items).toEqual([]);
  });

  it.each([
    ['maintenance', [503, 'shard.maintenance']],
    ['draining', [503, 'shard.maintenance']],
    ['inactive', [409, 'shard.unknown']],
    ['read_only', 'two'],
    ['active', 'two'],
  ])(
    'holds back statements on a shard that is %s on every replica from the next one on',
    async (status, expected) => {
      expect(told(await ask('two', {}, undefined, other))).toBe('two');
      await set('two', status);
      const [here, there] = [await ask('two'), await ask('two', {}, undefined, other)];
      expect([told(here), told(there)]).toEqual([expected, expected]);
      expect(Number(here.headers.get('retry-after')) > 0).toBe(here.status === 503);
      expect(told(await ask('one'))).toBe('one');
      expect((await service.api('GET', '/api/shards/active')).body.items).toEqual(
        status === 'active' ? ['one', 'two'] : ['one'],
      );
      const { body } = await service.api('GET', '/api/shards/two');
      expect(body.pool === null).toBe(status === 'inactive');
    },
  );

  it('lets a statement end that runs when its shard is switched off', async () => {
    const query = `SELECT count(*) AS name FROM seq_1_to_400 a, seq_1_to_400 b, seq_1_to_60 c WHERE a.seq + b.seq + c.seq < 0`;
    const slow = ask('two', { query }, undefined, other);
    const running = async (): Promise<unknown[]> =>
      (await other.api('GET', '/api/database/query/running')).body.items;
    while ((await running()).length === 0) await sleep(5);
    await set('two', 'inactive');
    expect((await slow).body.data).toEqual([{ name: '0' }]);
    expect(told(await ask('two'))).toEqual([409, 'shard.unknown']);
  });

  it('only reads a shard that is for reading', async () => {
    const query = `INSERT INTO whoami VALUES ('second')`;
    await set('two', 'read_only');
    expect(told(await ask('two', { query }))).toEqual([403, 'query.read_only']);
    await set('two', 'active');
    expect((await ask('two', { query })).body.rowCount).toBe(1);
    await ask('two', { query: `DELETE FROM whoami WHERE name = 'second'` });
  });

  it('records what it refuses', async () => {
    await set('two', 'maintenance');
    const { body } = await ask('two');
    const { items } = (await service.api('GET', '/api/database/history?limit=1')).body;
    expect(items[0]).toMatchObject({ id: body.queryId, errorCode: 'shard.maintenance', connectionId: null });
    const audit = await service.api('GET', '/api/audit?resourceType=shard&limit=1');
    expect(audit.body.items[0]).toMatchObject({
      action: 'shard.update',
      resourceId: 'two',
      details: { status: { from: 'active', to: 'maintenance' } },
    });
  });

  it('waits for a pause that is short, on request', async () => {
    await set('two', 'maintenance');
    const waiting = ask('two', { waitMs: 5000 }, undefined, other);
    await set('two', 'active');
    expect(told(await waiting)).toBe('two');
    expect(told(await ask('two', { waitMs: 6000 }))).toEqual([400, 'request.invalid']);
  });

  it('has a global database only when one is named, and never goes there for a shard', async () => {
    expect(told(await ask('global'))).toEqual([409, 'shard.unknown']);
    const fresh = await database('everything');
    const { host, port, database: name, username, password } = fresh;
    const target = { type: 'mariadb', host, port, database: name, username, password };
    const { id } = (await service.api('POST', '/api/database/connections', { name: 'global', ...target }))
      .body;
    const group = await service.api('PUT', '/api/shards/groups/default', { globalConnectionId: id });
    expect(group.body).toMatchObject({ name: 'default', strategy: 'hash', globalConnectionId: id });
    expect(told(await ask('global', {}, undefined, other))).toBe('everything');
    expect(told(await ask('no-such-shard'))).toEqual([409, 'shard.unknown']);
    expect((await service.api('DELETE', `/api/database/connections/${id}`)).status).toBe(409);
    expect((await service.api('DELETE', `/api/database/connections/${connectionOf.get('one')}`)).status).toBe(
      409,
    );
  });

  it('refuses the connection of somebody else in the body', async () => {
    const { body } = await ask('one', { connectionId: connectionOf.get('two') });
    expect(body).toMatchObject({ code: 'request.invalid', errors: [{ path: '/connectionId' }] });
  });

  describe('by session', () => {
    it('leads every session of a user to the same shard, on both replicas, and says so in the record', async () => {
      const names = new Set<unknown>();
      const one = await service.user('user');
      for (const shard of ['one', 'two']) await permit(shard, one.id);
      const { accessToken } = (await service.login(one.username, one.password)).body;
      for (const token of [one.token, accessToken]) {
        for (const replica of [service, other]) names.add(told(await ask('session', {}, token, replica)));
      }
      expect(names.size).toBe(1);
      expect(['one', 'two']).toContain([...names][0]);
      const audit = await service.api('GET', `/api/audit?action=shard.assign&userId=${one.id}`);
      expect(audit.body.items).toHaveLength(1);
      expect(audit.body.items[0].resourceId).toBe([...names][0]);
    });

    it('never leads to another shard while the own one is away', async () => {
      const one = await service.user('user');
      for (const shard of ['one', 'two']) await permit(shard, one.id);
      const home = told(await ask('session', {}, one.token)) as string;
      await set(home, 'maintenance');
      expect(told(await ask('session', {}, one.token, other))).toEqual([503, 'shard.maintenance']);
      await set(home, 'inactive');
      expect(told(await ask('session', {}, one.token, other))).toEqual([409, 'shard.unknown']);
      await set(home, 'active');
      expect(told(await ask('session', {}, one.token, other))).toBe(home);
    });

    it('keeps the shard of a user when shards are added, and gives new users to them', async () => {
      const group = 'growing';
      const put = await service.api('PUT', `/api/shards/groups/${group}`, {
        strategy: 'directory',
        keyAttribute: 'tenant',
      });
      expect(put.status).toBe(200);
      await add('g1', { group });
      const ofTenant = async (tenant: unknown): Promise<TestUser> => {
        const created = await service.user('admin');
        await service.api('PATCH', `/api/users/${created.id}`, { attributes: { tenant } });
        return created;
      };
      const home = async ({ token }: TestUser): Promise<unknown> =>
        told(await ask('session', { group }, token, other));
      const first = await ofTenant('acme');
      expect(await home(first)).toBe('g1');
      await add('g2', { group });
      await set('g1', 'draining');
      const [second, nobody] = [await ofTenant('umbrella'), await ofTenant(null)];
      expect(await home(second)).toBe('g2');
      expect(await home(first)).toEqual([503, 'shard.maintenance']);
      expect(await home(await ofTenant('acme'))).toEqual([503, 'shard.maintenance']);
      expect(await home(nobody)).toEqual([409, 'shard.unknown']);
      await set('g1', 'active');
      expect(await home(first)).toBe('g1');
      // Keys belong to it: who removes it would send them elsewhere.
      expect((await service.api('DELETE', '/api/shards/g1')).body.code).toBe('shard.in_use');
      const rekeyed = await service.api('PUT', `/api/shards/groups/${group}`, { strategy: 'hash' });
      expect(rekeyed.body.code).toBe('shard.in_use');
      expect((await service.api('GET', '/api/shards/g1?probe=false')).body).toMatchObject({ keys: 1 });
    });

    it('takes the shard that a key was put on before its first use, and moves none', async () => {
      const group = 'growing';
      const path = (key: string): string => `/api/shards/groups/${group}/keys/${encodeURIComponent(key)}`;
      for (const shardId of ['g1', 'g2']) {
        const key = `tenant of/${shardId}`;
        expect((await service.api('GET', path(key))).body.shardId).toBeNull();
        expect((await service.api('PUT', path(key), { shardId })).body).toMatchObject({ key, shardId });
        expect((await service.api('PUT', path(key), { shardId })).status).toBe(200);
        const one = await service.user('admin');
        await service.api('PATCH', `/api/users/${one.id}`, { attributes: { tenant: key } });
        expect(told(await ask('session', { group }, one.token, other))).toBe(shardId);
      }
      const moved = await service.api('PUT', path('tenant of/g1'), { shardId: 'g2' });
      expect(moved.body.code).toBe('shard.in_use');
      const foreign = await service.api('PUT', path('new'), { shardId: 'one' });
      expect(foreign.status).toBe(404);
      const hashed = await service.api('PUT', '/api/shards/groups/default/keys/x', { shardId: 'one' });
      expect(hashed.body.code).toBe('request.conflict');
    });

    it('says which keys to move so that shards have as many as the others', async () => {
      const group = 'balanced';
      const of = async (): Promise<any> =>
        (await service.api('GET', `/api/shards/groups/${group}/balance`)).body;
      await service.api('PUT', `/api/shards/groups/${group}`, { strategy: 'directory' });
      await add('l1', { group });
      await add('l2', { group });
      for (const key of ['k1', 'k2', 'k3', 'k4', 'k5']) {
        await service.api('PUT', `/api/shards/groups/${group}/keys/${key}`, { shardId: 'l1' });
      }
      expect(await of()).toMatchObject({
        shards: [
          { shardId: 'l1', keys: 5, keysAfter: 3 },
          { shardId: 'l2', keys: 0, keysAfter: 2 },
        ],
        moves: [{ group, source: 'l1', target: 'l2', keys: ['k1', 'k2'] }],
        complete: true,
      });
      await set('l1', 'draining');
      expect((await of()).moves).toEqual([
        { group, source: 'l1', target: 'l2', keys: ['k1', 'k2', 'k3', 'k4', 'k5'] },
      ]);
      await set('l2', 'read_only');
      expect((await of()).moves).toEqual([]);
      expect((await service.api('GET', '/api/shards/groups/nowhere/balance')).status).toBe(404);
    });

    it('names buckets where those are assigned', async () => {
      const { body } = await service.api('GET', '/api/shards/groups/default/balance');
      const [one, two] = body.shards;
      expect(Math.abs(one.keysAfter - two.keysAfter)).toBeLessThanOrEqual(1);
      const [source, target] = one.keys > 0 ? [one.shardId, two.shardId] : [two.shardId, one.shardId];
      await set(source, 'draining');
      const { moves } = (await service.api('GET', '/api/shards/groups/default/balance')).body;
      const buckets = { from: expect.any(Number), to: expect.any(Number) };
      expect(moves).toEqual([{ group: 'default', source, target, buckets }]);
      expect(moves[0].buckets.from).toBeLessThanOrEqual(moves[0].buckets.to);
    });

    it('gives users of a region to its shards only', async () => {
      const group = 'regions';
      await service.api('PUT', `/api/shards/groups/${group}`, { strategy: 'region' });
      await add('eu', { group, region: 'eu' });
      await add('us', { group, region: 'us' });
      for (const [region, expected] of [
        ['eu', 'eu'],
        ['us', 'us'],
        ['mars', [409, 'shard.unknown']],
      ] as const) {
        const one = await service.user('admin');
        await service.api('PATCH', `/api/users/${one.id}`, { attributes: { region } });
        expect(told(await ask('session', { group }, one.token))).toEqual(expected);
      }
    });

    it('assigns a key once, however many ask for the first time at once', async () => {
      const group = 'growing';
      const one = await service.user('admin');
      await service.api('PATCH', `/api/users/${one.id}`, { attributes: { tenant: 'crowd' } });
      const asked = Array.from({ length: 12 }, (_, index) =>
        ask('session', { group }, one.token, index % 2 === 0 ? service : other),
      );
      const names = new Set((await Promise.all(asked)).map(told));
      const audit = await service.api('GET', `/api/audit?action=shard.assign&userId=${one.id}`);
      expect(audit.body.items.map(({ resourceId }: any) => resourceId)).toEqual([...names]);
    });
  });

  describe('all at once', () => {
    const group = 'spread';
    const target = 'all';
    const asked = async (query: string, more: object = {}): Promise<unknown> => {
      const { status, body } = await ask(target, { query, group, rowMode: 'array', ...more });
      return status === 200 ? body.data : [status, body.code];
    };
    beforeAll(async () => {
      await service.api('PUT', `/api/shards/groups/${group}`, {});
      for (const [index, shardId] of ['s1', 's2', 's3'].entries()) {
        await add(shardId, { group });
        const client = await createConnection(databases.at(-1)!.url);
        await client.query('CREATE TABLE sales (id INT PRIMARY KEY, price DECIMAL(10,2), name VARCHAR(20))');
        const rows = [0, 1, 2, 3].map((n) => n * 3 + index);
        for (const id of rows)
          await client.query('INSERT INTO sales VALUES (?, ?, ?)', [id, id === 5 ? null : id / 10, `n${id}`]);
        await client.end();
      }
    });

    it('puts rows together, ordered and cut as one table would be', async () => {
      expect(((await asked('SELECT id FROM sales')) as unknown[]).length).toBe(12);
      expect(
        await asked('SELECT id FROM sales WHERE id < ? ORDER BY id DESC LIMIT 3', { params: [8] }),
      ).toEqual([[7], [6], [5]]);
      expect(await asked('SELECT price, id FROM sales ORDER BY price, id LIMIT 2')).toEqual([
        [null, 5],
        ['0.00', 0],
      ]);
      const { body } = await ask(target, { query: 'SELECT id FROM sales ORDER BY id', group, maxRows: 5 });
      expect(body.data.map(({ id }: any) => id)).toEqual([0, 1, 2, 3, 4]);
      expect([body.truncated, body.metadata.shards.map(({ shardId }: any) => shardId)]).toEqual([
        true,
        ['s1', 's2', 's3'],
      ]);
    });

    it('folds plain aggregates', async () => {
      expect(await asked('SELECT count(*), count(price), sum(price), min(id), max(id) FROM sales')).toEqual([
        ['12', '11', '6.10', 0, 11],
      ]);
    });

    it.each([
      ['SELECT count(DISTINCT price) FROM sales', [400, 'shard.not_mergeable']],
      ['SELECT sum(price + 0e0) FROM sales', [400, 'shard.not_mergeable']],
      ['SELECT a.id FROM sales a JOIN sales b ON a.id = b.id', [400, 'shard.not_mergeable']],
      [`UPDATE sales SET name = 'x'`, [400, 'shard.not_mergeable']],
      ['SELEC 1', [400, 'query.syntax']],
    ])('refuses %s, on record', async (query, expected) => {
      expect(await asked(query)).toEqual(expected);
      const { items } = (await service.api('GET', '/api/database/history?limit=1')).body;
      expect(items[0]).toMatchObject({ status: 'error', errorCode: expected[1] });
    });

    it('answers not at all rather than without a shard', async () => {
      await set('s2', 'maintenance');
      expect(await asked('SELECT id FROM sales')).toEqual([503, 'shard.maintenance']);
      await set('s2', 'inactive');
      expect(await asked('SELECT id FROM sales')).toEqual([409, 'shard.unknown']);
      await set('s2', 'active');
      const stranger = await service.user('user');
      for (const shard of ['s1', 's2']) await permit(shard, stranger.id);
      const { status } = await ask(target, { query: 'SELECT id FROM sales', group }, stranger.token);
      expect(status).toBe(404);
    });
  });

  it('removes a shard to which nothing belongs, with its sealed connection', async () => {
    await add('brief');
    expect(told(await ask('brief', {}, undefined, other))).toBe('brief');
    expect((await service.api('DELETE', '/api/shards/brief')).status).toBe(204);
    expect(told(await ask('brief', {}, undefined, other))).toEqual([409, 'shard.unknown']);
    expect((await service.api('GET', `/api/database/connections/${connectionOf.get('brief')}`)).status).toBe(
      404,
    );
  });

  it('asks shards of PostgreSQL as well', async () => {
    const fresh = await freshPostgresDatabase();
    databases.push(fresh);
    const { host, port, database: databaseName, username, password } = fresh;
    const shard = { shardId: 'pg', type: 'postgresql', host, port, databaseName, username, password };
    expect((await service.api('POST', '/api/shards', { ...shard, group: 'default' })).status).toBe(201);
    const { body } = await ask('pg', { query: 'SELECT $1::int AS n', params: [7] }, undefined, other);
    expect(body.data).toEqual([{ n: 7 }]);
    expect((await service.api('DELETE', '/api/shards/pg')).status).toBe(204);
  });
});
