import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { findFreePort } from '../../src/database/find-free-port';
import { startTestService, type Answer, type TestService, type TestUser } from './service';
import { ndjsonOf, type Ndjson } from './stream-request';

const ROWS = 45_000;
/** Only the last shard has it. */
const LAST = ROWS - 1;

describe('answers over all shards on their way', () => {
  let service: TestService;
  const databases: FreshDatabase[] = [];
  const connectionOf = new Map<string, string>();
  const group = 'wide';

  const add = async (shardId: string, name: string, target: object): Promise<void> => {
    const added = await service.api('POST', '/api/shards', {
      ...{ shardId, group: name, type: 'postgresql' },
      ...target,
    });
    if (added.status !== 201) throw new Error(added.text);
    connectionOf.set(shardId, added.body.connectionId);
  };
  const targetOf = ({ host, port, database, username, password }: FreshDatabase): object => ({
    ...{ host, port, username, password },
    databaseName: database,
  });

  beforeAll(async () => {
    service = await startTestService();
    for (const name of [group, 'broken']) await service.api('PUT', `/api/shards/groups/${name}`, {});
    for (const index of [0, 1, 2]) {
      const fresh = await freshPostgresDatabase();
      databases.push(fresh);
      const client = new Client({ connectionString: fresh.url });
      await client.connect();
      await client.query(
        `CREATE TABLE numbers AS SELECT n, 'name ' || n AS name FROM generate_series(${index}, ${LAST}, 3) n`,
      );
      // Longer than any test waits.
      await client.query(
        'CREATE VIEW endless AS SELECT a.n FROM numbers a, numbers b, numbers c WHERE a.n + b.n + c.n < 0',
      );
      await client.end();
      await add(`w${index}`, group, targetOf(fresh));
    }
    await add('b0', 'broken', targetOf(databases[0]!));
    const nobody = {
      host: '127.0.0.1',
      port: await findFreePort(),
      databaseName: 'x',
      username: 'x',
      password: 'x',
    };
    await add('b1', 'broken', nobody);
  });
  afterAll(async () => {
    await service?.close();
    for (const one of databases) await one.drop();
  });

  const post = (path: string, body: object, token?: string): Promise<Answer> =>
    service.api('POST', `/api/shards/all/${path}`, { group, ...body }, token);
  const stream = async (query: string, more: object = {}): Promise<Ndjson> =>
    ndjsonOf((await post('query/stream?format=ndjson', { query, rowMode: 'array', ...more })).text);
  const running = async (): Promise<any[]> =>
    (await service.api('GET', '/api/database/query/running')).body.items;

  it('puts the rows of all shards in order', async () => {
    const { head, rows, trailer } = await stream('SELECT n, name FROM numbers ORDER BY n');
    expect(rows).toEqual(Array.from({ length: ROWS }, (_, n) => [n, `name ${n}`]));
    expect(head.metadata.shards.map(({ shardId }: any) => shardId)).toEqual(['w0', 'w1', 'w2']);
    expect(head.columns.map(({ name }: any) => name)).toEqual(['n', 'name']);
    expect(trailer).toMatchObject({
      queryId: head.queryId,
      status: 'success',
      rowCount: ROWS,
      truncated: false,
    });
    const { body } = await service.api('GET', '/api/database/history?limit=3');
    expect(body.items.map(({ status, rowCount }: any) => [status, rowCount])).toEqual(
      Array.from({ length: 3 }, () => ['success', ROWS / 3]),
    );
  });

  it.each([
    ['SELECT n FROM numbers ORDER BY n DESC LIMIT 2 OFFSET 1', [[LAST - 1], [LAST - 2]]],
    ['SELECT count(*), sum(n), avg(n) FROM numbers', [['45000', '1012477500', '22499.500000000000']]],
    ['SELECT DISTINCT n % 2 AS odd FROM numbers ORDER BY odd', [[0], [1]]],
    [
      'SELECT n % 3, min(n), max(n) FROM numbers GROUP BY 1 ORDER BY 1 DESC LIMIT 2',
      [
        [2, 2, LAST],
        [1, 1, LAST - 1],
      ],
    ],
  ])('streams %s', async (query, rows) => {
    expect((await stream(query)).rows).toEqual(rows);
  });

  it('cuts at the limit of the caller, and lets go of the rest', async () => {
    const { rows, trailer } = await stream('SELECT n FROM numbers ORDER BY n', { maxRows: 5 });
    expect([rows.flat(), trailer.truncated]).toEqual([[0, 1, 2, 3, 4], true]);
    expect(await stream('SELECT n FROM numbers LIMIT 7')).toMatchObject({ trailer: { rowCount: 7 } });
    expect(await running()).toEqual([]);
  });

  it('says in the last line that a shard broke in the middle, and never ends well', async () => {
    const query = `SELECT n, 1 / (${LAST} - n) AS x FROM numbers`;
    const { rows, trailer } = await stream(query);
    expect(rows.length).toBeGreaterThan(0);
    expect(trailer).toMatchObject({ status: 'error', error: { code: 'query.invalid_value' } });
    await expect(post('query/stream?format=csv', { query })).rejects.toThrow('terminated');
    expect((await post('query', { query: `${query} ORDER BY x` })).body.code).toBe('query.invalid_value');
    expect(await running()).toEqual([]);
  });

  it('refuses before the first byte what does not merge', async () => {
    const { status, body } = await post('query/stream', { query: 'SELECT n FROM numbers ORDER BY name' });
    expect([status, body.code]).toEqual([400, 'shard.not_mergeable']);
    expect(body.detail).toContain('COLLATE "C"');
    const { rows } = await stream('SELECT name FROM numbers ORDER BY name COLLATE "C" LIMIT 3');
    expect(rows.flat()).toEqual(['name 0', 'name 1', 'name 10']);
  });

  it('stops every shard when one run is cancelled', async () => {
    const answer = post('query', { query: 'SELECT count(*) FROM endless' });
    while ((await running()).length < 3) await sleep(10);
    const [one] = await running();
    expect((await service.api('DELETE', `/api/database/query/${one.queryId}`)).status).toBe(204);
    expect((await answer).body.code).toBe('query.cancelled');
    expect(await running()).toEqual([]);
    const { items } = (await service.api('GET', '/api/database/history?limit=3')).body;
    expect(items.map(({ status }: any) => status)).toEqual(['cancelled', 'cancelled', 'cancelled']);
  });

  it('stops every shard at the time limit', async () => {
    const { status, body } = await post('query', { query: 'SELECT count(*) FROM endless', timeoutMs: 300 });
    expect([status, body.code]).toEqual([504, 'query.timeout']);
    expect(await running()).toEqual([]);
  });

  describe('with a shard that is away', () => {
    const query = 'SELECT count(*) AS n FROM numbers';

    it('is none, unless the caller asks for what is there', async () => {
      const whole = await post('query', { query, group: 'broken' });
      expect([whole.status, whole.body.code]).toEqual([502, 'connection.refused']);
      const { body } = await post('query', { query, group: 'broken', partial: true });
      expect(body).toMatchObject({
        partial: true,
        data: [{ n: '15000' }],
        metadata: { missingShards: [{ shardId: 'b1', code: 'connection.refused' }] },
      });
      expect(body.metadata.shards.map(({ shardId }: any) => shardId)).toEqual(['b0']);
      const { items } = (await service.api('GET', '/api/audit?action=shard.partial_answer&limit=1')).body;
      expect(items[0]).toMatchObject({
        result: 'partial',
        resourceId: 'broken',
        details: { queryIds: [body.queryId], missingShards: body.metadata.missingShards },
      });
    });

    it('says so at the head of a stream', async () => {
      const { head, trailer } = await stream('SELECT n FROM numbers', { group: 'broken', partial: true });
      expect(head.metadata).toMatchObject({
        partial: true,
        missingShards: [{ shardId: 'b1', code: 'connection.refused' }],
      });
      expect(trailer).toMatchObject({ status: 'success', rowCount: 15_000 });
    });

    it('names one that is paused, and is whole when none is', async () => {
      expect((await post('query', { query, partial: true })).body).toMatchObject({
        partial: false,
        data: [{ n: String(ROWS) }],
        metadata: { missingShards: [] },
      });
      await service.api('PATCH', '/api/shards/w1', { status: 'maintenance' });
      const { body } = await post('query', { query, partial: true });
      await service.api('PATCH', '/api/shards/w1', { status: 'active' });
      expect(body).toMatchObject({
        partial: true,
        data: [{ n: '30000' }],
        metadata: { missingShards: [{ shardId: 'w1', code: 'shard.maintenance' }] },
      });
    });

    it('fails for what is wrong with the statement, or not allowed', async () => {
      const unknown = await post('query', { query: 'SELECT a FROM nothing', partial: true });
      expect(unknown.body.code).toBe('query.unknown_object');
      expect((await post('query', { query, partial: 'yes' })).body.code).toBe('request.invalid');
      const one = await service.api('POST', '/api/shards/w0/query', { query, group, partial: true });
      expect(one.body.code).toBe('request.invalid');
      const user = await service.user('user');
      for (const shard of ['w0', 'w2']) await permit(shard, user);
      await service.api('PATCH', '/api/shards/w1', { status: 'maintenance' });
      const hidden = await post('query', { query, partial: true }, user.token);
      await service.api('PATCH', '/api/shards/w1', { status: 'active' });
      expect([hidden.status, hidden.text.includes('w1')]).toEqual([404, false]);
      expect((await post('query', { query, partial: true }, user.token)).status).toBe(404);
    });
  });
  const permit = async (shard: string, { id }: TestUser): Promise<void> => {
    const path = `/api/database/connections/${connectionOf.get(shard)}/permissions/${id}`;
    await service.api('PUT', path, {});
  };

  it('compares and groups what the policies of a shard leave to be seen', async () => {
    const user = await service.user('user');
    for (const shard of ['w0', 'w1', 'w2']) await permit(shard, user);
    const path = `/api/database/connections/${connectionOf.get('w1')}/policies`;
    const items = [{ schema: 'public', table: 'numbers', column: 'name', mask: 'full' }];
    expect((await service.api('PUT', path, { items })).status).toBe(200);
    const query = 'SELECT name, count(*) AS n FROM numbers WHERE n < 3 GROUP BY name';
    const { body } = await post('query', { query, rowMode: 'array' }, user.token);
    await service.api('PUT', path, { items: [] });
    expect(body.columns.map(({ masked }: any) => masked)).toEqual([true, false]);
    const names = body.data.map(([name]: any) => name);
    expect(names).toHaveLength(3);
    expect(names).toEqual(expect.arrayContaining(['name 0', 'name 2']));
    expect(names).not.toContain('name 1');
  });
});
