import { createConnection } from 'mysql2/promise';
import { mariadb, startMoveWorld, expectedOf, type MoveWorld } from './shard-moves-world';
import type { TestUser } from './service';

describe('moves that are refused, stopped and undone', () => {
  let world: MoveWorld;
  let user: TestUser;
  const tables = [
    { table: 'accounts', keyColumn: 'user_id' },
    { table: 'orders', keyColumn: 'owner' },
    { table: 'countries' },
  ];

  beforeAll(async () => {
    world = await startMoveWorld(mariadb, 'directory');
    user = world.users[0]!;
    for (const one of world.users.slice(0, 3)) {
      await world.api('PUT', `/api/shards/groups/default/keys/${one.id}`, { shardId: 'a' });
      await world.seed('a', one, 30);
    }
  });
  afterAll(() => world?.close());

  const asked = async (more: object = {}): Promise<string> => {
    const body = { source: 'a', target: 'b', keys: [user.id], ...more };
    const { status, body: answer } = await world.service.api('POST', '/api/shards/moves', body);
    return status === 201 ? 'begun' : `${answer.code}: ${answer.detail}`;
  };
  const declare = (items: object[]): Promise<unknown> =>
    world.api('PUT', '/api/shards/groups/default/tables', { items });
  /** What is answered while the database is as `change` makes it. */
  const with_ = async (shardId: string, change: string, back: string, items = tables): Promise<string> => {
    await world.run(shardId, change);
    await declare(items);
    const answer = await asked();
    await world.run(shardId, back);
    await declare(tables);
    return answer;
  };

  it('refuses requests that do not fit the map', async () => {
    expect(await asked({ target: 'a' })).toMatch(/move_refused: .*same shard/);
    expect(await asked({ target: 'c' })).toMatch(/resource.not_found/);
    expect(await asked({ group: 'none' })).toMatch(/resource.not_found/);
    expect(await asked({ keys: [] })).toMatch(/request.invalid/);
    expect(await asked({ keys: undefined, buckets: { from: 0, to: 9 } })).toMatch(/request.invalid/);
    expect(await asked({ keys: [user.id, world.users[3]!.id] })).toMatch(/do not belong to the shard a/);
    expect(await asked({ source: 'b', target: 'a' })).toMatch(/do not belong to the shard b/);
    await world.api('PATCH', '/api/shards/b', { status: 'read_only' });
    expect(await asked()).toMatch(/shard b is not active/);
    await world.api('PATCH', '/api/shards/b', { status: 'active' });
    const { status } = await world.service.api('POST', '/api/shards/moves', {}, user.token);
    expect(status).toBe(403);
  });

  it('refuses tables that cannot be moved without losing something', async () => {
    await declare([]);
    expect(await asked()).toMatch(/No table of the group is declared/);
    await declare(tables.slice(0, 2));
    expect(await asked()).toMatch(/tables that are not declared: \w+\.countries/);
    await declare(tables);
    const extra = [...tables, { table: 'more', keyColumn: 'owner' }];
    const more = (rest: string): string => `CREATE TABLE more (id INT ${rest})`;
    const drop = 'DROP TABLE more';
    expect(await with_('a', more('PRIMARY KEY, owner CHAR(36) NOT NULL, KEY (owner)'), drop, extra)).toMatch(
      /more is not on both/,
    );
    await world.run('b', more('PRIMARY KEY, owner CHAR(36) NOT NULL, KEY (owner)'));
    const onA = (rest: string): Promise<string> => with_('a', more(rest), drop, extra);
    expect(await onA(', owner CHAR(36) NOT NULL, KEY (owner)')).toMatch(/more has no primary key/);
    expect(await onA('PRIMARY KEY, owner CHAR(36), KEY (owner)')).toMatch(/owner may be NULL/);
    expect(await onA('PRIMARY KEY, owner CHAR(36) NOT NULL')).toMatch(/no index that begins with owner/);
    expect(await onA('PRIMARY KEY, owner CHAR(40) NOT NULL, KEY (owner)')).toMatch(/other columns or types/);
    expect(
      await onA('PRIMARY KEY, owner CHAR(36) NOT NULL, KEY (owner), FOREIGN KEY (id) REFERENCES more (id)'),
    ).toMatch(/circle/);
    await world.run('b', drop);
    expect(
      await with_(
        'a',
        'CREATE TABLE notes (id INT PRIMARY KEY, o CHAR(36), FOREIGN KEY (o) REFERENCES orders (id))',
        'DROP TABLE notes',
        [...tables, { table: 'notes' }],
      ),
    ).toMatch(/notes refers to orders, whose rows move/);
    expect(
      await with_(
        'b',
        'CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET NEW.n = 1',
        'DROP TRIGGER t',
      ),
    ).toMatch(/orders has triggers/);
    const foreign = `INSERT INTO accounts VALUES ('${user.id}', 'whose is it')`;
    expect(await with_('b', foreign, 'DELETE FROM accounts')).toMatch(/on the target has rows of these keys/);
  });

  it('has nothing of a move left on the target that was undone before its flip', async () => {
    // Nothing can be copied there, and the move cannot get on.
    const holder = await createConnection(world.databases.get('b')!.url);
    await holder.query('LOCK TABLES orders READ, accounts READ');
    const { id } = await world.move({ source: 'a', target: 'b', keys: [user.id] });
    expect(await asked()).toMatch(/Another move that is not finished/);
    expect((await world.service.api('DELETE', '/api/shards/b')).body.code).toBe('shard.in_use');
    const all = { query: 'SELECT count(*) AS n FROM orders' };
    expect((await world.service.api('POST', '/api/shards/all/query', all)).body.code).toBe('shard.moving');
    expect((await world.api('POST', `/api/shards/moves/${id}/stop`)).state).toBe('stopped');
    await holder.end();
    expect((await world.service.api('POST', `/api/shards/moves/${id}/stop`)).status).toBe(409);
    expect((await world.api('POST', `/api/shards/moves/${id}/undo`)).wish).toBeNull();
    await world.until(id, ({ state }) => state === 'undone');
    expect(await world.rowsOf('b')).toEqual(new Map());
    expect(await world.run('b', 'SELECT * FROM accounts')).toEqual([]);
  });

  it('goes on after it was stopped, and says when it is too late', async () => {
    expect(await world.rowsOf('a')).toEqual(expectedOf(world, world.users.slice(0, 3)));
    const { id } = await world.move({ source: 'a', target: 'b', keys: [user.id] });
    await world.api('POST', `/api/shards/moves/${id}/stop`);
    await world.until(id, ({ state }) => state === 'stopped');
    await world.api('POST', `/api/shards/moves/${id}/resume`);
    await world.until(id, ({ state }) => state === 'flipped');
    expect((await world.service.api('POST', `/api/shards/moves/${id}/resume`)).status).toBe(409);
    await world.api('POST', `/api/shards/moves/${id}/undo`);
    await world.until(id, ({ state }) => state === 'undone');
    expect((await world.service.api('POST', `/api/shards/moves/${id}/undo`)).status).toBe(409);
    expect(await world.rowsOf('b')).toEqual(new Map());
    expect(await world.rowsOf('a')).toEqual(expectedOf(world, world.users.slice(0, 3)));
  });

  it('fails, and changes nothing, where a row of another key has the primary key of one that moves', async () => {
    const [owner] = [world.users[3]!];
    await world.run('b', `INSERT INTO accounts VALUES ('${owner.id}', 'somebody else')`);
    const [order] = world.orders.get(user.id)!.keys();
    await world.run('b', `INSERT INTO orders (id, owner, n) VALUES ('${order}', '${owner.id}', -1)`);
    const { id } = await world.move({ source: 'a', target: 'b', keys: [user.id] });
    const failed = await world.until(id, ({ state }) => state === 'failed');
    expect(failed).toMatchObject({
      errorCode: 'shard.move_differs',
      errorDetail: expect.stringContaining('orders'),
    });
    const [row] = (await world.run('b', `SELECT owner, n FROM orders WHERE id = '${order}'`)) as any[];
    expect(row).toEqual({ owner: owner.id, n: -1 });
    await world.api('POST', `/api/shards/moves/${id}/undo`);
    await world.until(id, ({ state }) => state === 'undone');
    expect([...(await world.rowsOf('b')).keys()]).toEqual([order]);
  });
});

describe('buckets that move', () => {
  let world: MoveWorld;

  beforeAll(async () => {
    world = await startMoveWorld(mariadb, 'hash');
    await world.api('PATCH', '/api/settings/shard_move_keep_minutes', { value: 0 });
  });
  afterAll(() => world?.close());

  it('takes the rows of every key of the buckets along, and no others', async () => {
    const { users, service } = world;
    const homeOf = async ({ id }: TestUser): Promise<string> =>
      (await world.api('GET', `/api/shards/groups/default/keys/${id}`)).shardId;
    for (const user of users) {
      await service.api('POST', '/api/shards/session/query', { query: 'SELECT 1 AS x' }, user.token);
      await world.seed(await homeOf(user), user, 50);
    }
    // All of them on one shard first, then half of the buckets back.
    const all = { buckets: { from: 0, to: 4095 } };
    const homes = await Promise.all(users.map(homeOf));
    if (homes.includes('a')) {
      const { id } = await world.move({ source: 'a', target: 'b', ...all });
      await world.until(id, ({ state }) => state === 'done');
    }
    expect(await world.rowsOf('b')).toEqual(expectedOf(world, users));
    const slots = await Promise.all(
      users.map(async ({ id }) =>
        Number((await world.api('GET', `/api/shards/groups/default/keys/${id}`)).slot),
      ),
    );
    const middle = slots.toSorted((one, two) => one - two)[1]!;
    const writing = world.write(users);
    const { id } = await world.move({ source: 'b', target: 'a', buckets: { from: 0, to: middle } });
    await world.until(id, ({ state }) => state === 'done');
    await writing.stop();
    const moved = users.filter((_, index) => slots[index]! <= middle);
    expect(moved.length).toBeGreaterThan(0);
    expect(await world.rowsOf('a')).toEqual(expectedOf(world, moved));
    expect(await world.rowsOf('b')).toEqual(
      expectedOf(
        world,
        users.filter((one) => !moved.includes(one)),
      ),
    );
    expect([...world.refusals.keys()].filter((code) => code !== 'shard.moving')).toEqual([]);
    const refused = await service.api('POST', '/api/shards/moves', {
      source: 'b',
      target: 'a',
      buckets: { from: 0, to: middle },
    });
    expect(refused.body.detail).toMatch(/None of the buckets/);
  });
});
