import { expectedOf, mariadb, postgresql, startMoveWorld, type MoveWorld } from './shard-moves-world';

describe.each([mariadb, postgresql])('keys of $type shards that move while their users write', (engine) => {
  let world: MoveWorld;

  beforeAll(async () => {
    world = await startMoveWorld(engine, 'directory');
    for (const user of world.users) {
      await world.api('PUT', `/api/shards/groups/default/keys/${user.id}`, { shardId: 'a' });
      await world.seed('a', user, 400);
    }
  });
  afterAll(() => world?.close());

  const shardOf = async (key: string): Promise<string> =>
    (await world.api('GET', `/api/shards/groups/default/keys/${key}`)).shardId;

  it('moves two of four users there and back again, loses nothing, and pauses only for a moment', async () => {
    const { users } = world;
    const [moved, stay] = [users.slice(0, 2), users.slice(2)];
    const writing = world.write(users);
    const keys = moved.map(({ id }) => id);
    const { id } = await world.move({ source: 'a', target: 'b', keys });
    const flipped = await world.until(id, ({ state }) => state === 'flipped');
    expect(flipped.pauseMs).toBeLessThan(5000);
    expect(
      flipped.tables.map(({ table, isCopied }: any) => [table.replace('public.', ''), isCopied]),
    ).toEqual([
      ['accounts', true],
      ['orders', true],
    ]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await Promise.all(users.map((user) => shardOf(user.id)))).toEqual(['b', 'b', 'a', 'a']);
    await writing.stop();
    expect(await world.rowsOf('b')).toEqual(expectedOf(world, moved));

    // What was written since goes back with the rest.
    const again = world.write(users);
    const undone = await world.api('POST', `/api/shards/moves/${id}/undo`);
    expect(undone.direction).toBe('back');
    const end = await world.until(id, ({ state }) => state === 'undone');
    await again.stop();
    expect(end.finishedAt).not.toBeNull();
    expect(await Promise.all(users.map((user) => shardOf(user.id)))).toEqual(['a', 'a', 'a', 'a']);
    expect(await world.rowsOf('a')).toEqual(expectedOf(world, users));
    expect(await world.rowsOf('b')).toEqual(new Map());
    expect(await world.run('b', 'SELECT * FROM accounts')).toEqual([]);
    expect([...world.refusals.keys()].filter((code) => code !== 'shard.moving')).toEqual([]);
    expect(stay.map((user) => world.orders.get(user.id)!.size > 0)).toEqual([true, true]);
  });

  it('cleans the source when the way back is over, and leaves every value as it was', async () => {
    const { users } = world;
    await world.api('PATCH', '/api/settings/shard_move_keep_minutes', { value: 0 });
    const key = users[3]!.id;
    const condition = `WHERE owner = '${key}' ORDER BY id`;
    const before = await world.run('a', `SELECT * FROM orders ${condition}`);
    const { id } = await world.move({ source: 'a', target: 'b', keys: [key] });
    const end = await world.until(id, ({ state }) => state === 'done');
    expect(await world.run('b', `SELECT * FROM orders ${condition}`)).toEqual(before);
    expect(before.length).toBeGreaterThan(100);
    expect(await world.run('a', `SELECT * FROM orders ${condition}`)).toEqual([]);
    expect(end.tables.map(({ deleted }: any) => deleted)).toEqual([1, before.length]);
    expect((await world.service.api('POST', `/api/shards/moves/${id}/undo`)).body.code).toBe(
      'request.conflict',
    );
    const { items } = await world.api('GET', `/api/audit?resourceType=shard_move&limit=100`);
    const actions = items.filter(({ resourceId }: any) => resourceId === id).map(({ action }: any) => action);
    expect(actions.toReversed()).toEqual(
      ['create', 'catching_up', 'cutting_over', 'verifying', 'flipped', 'cleaning', 'done'].map(
        (state) => `shard_move.${state}`,
      ),
    );
  });
});
