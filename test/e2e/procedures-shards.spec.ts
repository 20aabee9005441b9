import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { freshMariadbDatabase, freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { startTestService, type Answer, type Auth, type TestService, type TestUser } from './service';

interface Place {
  readonly connectionId: string;
  readonly schema: string;
}

describe('procedures on shards', () => {
  let service: TestService;
  let other: TestService;
  let user: TestUser;
  const databases: FreshDatabase[] = [];
  const places = new Map<string, Place>();

  /** A database with a procedure that says where it is, and one that writes. */
  const mariadb = async (name: string): Promise<FreshDatabase> => {
    const fresh = await freshMariadbDatabase();
    databases.push(fresh);
    const client = await createConnection(fresh.url);
    await client.query('create table whoami (name varchar(60))');
    await client.query('insert into whoami values (?)', [name]);
    await client.query(
      'create procedure whereami(a int, out place varchar(60)) begin select name into place from whoami limit 1; select a + 1 as b; end',
    );
    await client.query(`create procedure note() begin insert into whoami values ('noted'); end`);
    await client.end();
    return fresh;
  };
  const postgresql = async (name: string): Promise<FreshDatabase> => {
    const fresh = await freshPostgresDatabase();
    databases.push(fresh);
    const client = new Client({ connectionString: fresh.url });
    await client.connect();
    await client.query(`
      create table whoami (name varchar(60));
      insert into whoami values ('${name}');
      create procedure whereami(a int, out place text, inout c refcursor default null) language plpgsql as $$ begin
        select name into place from whoami limit 1; open c for select a + 1 as b; end $$;
      create procedure note() language sql as $$ insert into whoami values ('noted') $$;`);
    await client.end();
    return fresh;
  };

  const call = (
    target: string,
    more: object = {},
    auth: Auth = user.token,
    on: TestService = service,
  ): Promise<Answer> =>
    on.api('POST', `/api/shards/${target}/procedure`, { procedure: 'whereami', params: [41], ...more }, auth);
  /** Where the call was answered, or status and code. */
  const told = ({ status, body }: Answer): unknown => (status === 200 ? body.out.place : [status, body.code]);
  const list = async (
    shard: string,
    permission: object = {},
    writes: readonly string[] = [],
  ): Promise<void> => {
    const { connectionId, schema } = places.get(shard)!;
    const path = `/api/database/connections/${connectionId}/permissions/${user.id}`;
    expect((await service.api('PUT', path, permission)).status).toBe(200);
    const items = [
      { procedure: `${schema}.whereami`, reads: [`${schema}.whoami`], writes: [] },
      { procedure: `${schema}.note`, reads: [], writes: writes.map((table) => `${schema}.${table}`) },
    ];
    expect((await service.api('PUT', `${path}/procedures`, { items })).status).toBe(200);
  };
  const set = async (shardId: string, status: string): Promise<void> => {
    expect((await service.api('PATCH', `/api/shards/${shardId}`, { status })).body.status).toBe(status);
  };

  beforeAll(async () => {
    service = await startTestService();
    other = await service.replica();
    user = await service.user('user');
    for (const [shardId, type, fresh] of [
      ['one', 'mariadb', await mariadb('one')],
      ['two', 'postgresql', await postgresql('two')],
    ] as const) {
      const { host, port, database: databaseName, username, password } = fresh;
      const body = { shardId, type, host, port, databaseName, username, password };
      const { connectionId } = (await service.api('POST', '/api/shards', body)).body;
      places.set(shardId, { connectionId, schema: type === 'mariadb' ? databaseName : 'public' });
    }
    const { host, port, database, username, password } = await postgresql('everything');
    const global = { name: 'global', type: 'postgresql', host, port, database, username, password };
    const { id } = (await service.api('POST', '/api/database/connections', global)).body;
    places.set('global', { connectionId: id, schema: 'public' });
    await service.api('PUT', '/api/shards/groups/default', { globalConnectionId: id });
  });
  afterAll(async () => {
    await service?.close();
    for (const one of databases) await one.drop();
  });
  beforeEach(async () => {
    for (const shard of ['one', 'two', 'global']) await list(shard);
  });
  afterEach(async () => {
    for (const shard of ['one', 'two']) await set(shard, 'active');
  });

  it('are called on the shard that is named and on the global database, on both replicas', async () => {
    for (const replica of [service, other]) {
      for (const [target, place] of [
        ['one', 'one'],
        ['two', 'two'],
        ['global', 'everything'],
      ] as const) {
        // prettier-ignore
        const answer = await call(target, {}, user.token, replica);
        expect([target, told(answer)]).toEqual([target, place]);
        expect(Number(answer.body.resultSets[0].data[0].b)).toBe(42);
        expect(answer.body.metadata.connectionId).toBe(places.get(target)!.connectionId);
      }
    }
  });

  it("are called on the shard of the caller's session, always the same", async () => {
    const answers = new Set<unknown>();
    const { accessToken } = (await service.login(user.username, user.password)).body;
    for (const token of [user.token, accessToken]) {
      for (const replica of [service, other]) answers.add(told(await call('session', {}, token, replica)));
    }
    expect(answers.size).toBe(1);
    expect(['one', 'two']).toContain([...answers][0]);
  });

  it('are called on one database, never on all', async () => {
    const { status, body } = await call('all');
    expect([status, body.code]).toEqual([400, 'query.unsupported']);
    expect(body.queryId).toEqual(expect.any(String));
  });

  it('are called nowhere else where the shard cannot be asked', async () => {
    expect(told(await call('nowhere'))).toEqual([409, 'shard.unknown']);
    await set('one', 'maintenance');
    expect(told(await call('one'))).toEqual([503, 'shard.maintenance']);
    expect(told(await call('one', {}, user.token, other))).toEqual([503, 'shard.maintenance']);
    await set('one', 'inactive');
    expect(told(await call('one'))).toEqual([409, 'shard.unknown']);
    expect(told(await call('two'))).toBe('two');
    const waiting = (async (): Promise<unknown> => {
      await set('two', 'draining');
      const answer = call('two', { waitMs: 5000 });
      await set('two', 'active');
      return told(await answer);
    })();
    expect(await waiting).toBe('two');
  });

  it('write nothing on a shard that is for reading', async () => {
    for (const shard of ['one', 'two']) {
      await list(shard, { canWrite: true }, ['whoami']);
      await set(shard, 'read_only');
      expect(told(await call(shard, { procedure: 'note', params: [] }))).toEqual([403, 'query.read_only']);
      expect(told(await call(shard, { procedure: 'note', params: [] }, service.admin))).toEqual([
        403,
        'query.read_only',
      ]);
      expect(told(await call(shard))).toBe(shard);
      await set(shard, 'active');
      const written = await call(shard, { procedure: 'note', params: [] });
      expect(written.body.metadata.affectedRows).toBe(1);
    }
  });

  it('need to be listed on the connection of the shard', async () => {
    const stranger = await service.user('user');
    expect(told(await call('one', {}, stranger.token))).toEqual([409, 'shard.unknown']);
    const path = `/api/database/connections/${places.get('one')!.connectionId}/permissions/${stranger.id}`;
    await service.api('PUT', path, {});
    expect(told(await call('one', {}, stranger.token))).toEqual([403, 'permission.procedure_denied']);
    expect(told(await call('one', {}, service.admin))).toBe('one');
  });

  it('are told apart from what is no call', async () => {
    for (const more of [
      { connectionId: places.get('two')!.connectionId },
      { query: 'select 1' },
      { waitMs: 6000 },
    ]) {
      expect(told(await call('one', more))).toEqual([400, 'request.invalid']);
    }
    expect((await service.api('POST', '/api/shards/one/procedure', [], user.token)).status).toBe(400);
    expect((await service.api('POST', '/api/shards/one/procedure', {}, user.token)).body.errors).toEqual([
      { path: '/procedure', message: 'is required' },
    ]);
  });
});
