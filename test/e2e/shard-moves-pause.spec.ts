import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type Connection } from 'mysql2/promise';
import { Client } from 'pg';
import { GroupCommit } from '../../src/database/group-commit';
import { shardWritesOpen } from '../../src/modules/shards/shard-writes.check';
import type { Answer, TestService, TestUser } from './service';
import { mariadb, startMoveWorld, type MoveWorld } from './shard-moves-world';

const HOLD = 4711;

describe('writes while keys change their shard', () => {
  let world: MoveWorld;
  let system: Client;
  let shard: Connection;
  let connectionId: string;
  let moved: TestUser;
  let neighbour: TestUser;

  const rename = (user: TestUser, name: string, on: TestService, more: object = {}): Promise<Answer> =>
    on.api(
      'POST',
      '/api/shards/session/query',
      { query: 'UPDATE accounts SET name = ? WHERE user_id = ?', params: [name, user.id], ...more },
      user.token,
    );
  const nameOn = async (shardId: string): Promise<unknown> =>
    (await world.run(shardId, `SELECT name FROM accounts WHERE user_id = '${moved.id}'`))[0];

  beforeAll(async () => {
    world = await startMoveWorld(mariadb, 'directory');
    [moved, neighbour] = world.users as [TestUser, TestUser];
    for (const user of [moved, neighbour]) {
      await world.api('PUT', `/api/shards/groups/default/keys/${user.id}`, { shardId: 'a' });
      await world.seed('a', user, 20);
    }
    ({ connectionId } = await world.api('GET', '/api/shards/a'));
    system = new Client({ connectionString: world.service.database.url });
    await system.connect();
    await system.query(`
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.state = 'cutting_over' AND OLD.state <> NEW.state THEN PERFORM pg_advisory_xact_lock(${HOLD}); END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER hold BEFORE UPDATE ON shard_moves FOR EACH ROW EXECUTE FUNCTION hold();`);
    shard = await createConnection(world.databases.get('a')!.url);
  });
  afterAll(async () => {
    await shard?.end();
    await system?.end();
    await world?.close();
  });

  it('waits for a write that was let in before, for five seconds at most, and loses nothing of it', async () => {
    const { service, other } = world;
    await system.query(`SELECT pg_advisory_lock(${HOLD})`);
    const { id } = await world.move({ source: 'a', target: 'b', keys: [moved.id] });
    // The runner is about to pause writes; one is let in that cannot end.
    await world.until(id, ({ state }) => state === 'catching_up');
    await sleep(1500);
    await shard.query('BEGIN');
    await shard.query(`SELECT * FROM accounts WHERE user_id = '${moved.id}' FOR UPDATE`);
    const slow = rename(moved, 'let in before', other);
    await sleep(200);
    await system.query(`SELECT pg_advisory_unlock(${HOLD})`);
    await world.until(id, ({ cutovers }) => cutovers === 1);
    const pausedAt = performance.now();
    for (const replica of [service, other]) {
      const refused = await rename(moved, 'too early', replica);
      expect([refused.status, refused.body.code]).toEqual([503, 'shard.moving']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    // Whoever names the shard or its connection may mean these rows.
    const named = { query: `UPDATE accounts SET name = 'x' WHERE user_id = 'nobody'` };
    expect((await service.api('POST', '/api/shards/a/query', named)).body.code).toBe('shard.moving');
    const direct = await other.api('POST', '/api/database/query', { ...named, connectionId });
    expect(direct.body.code).toBe('shard.moving');
    // Others are not paused, and nobody's reads are.
    expect((await rename(neighbour, 'not paused', service)).status).toBe(200);
    const read = await other.api(
      'POST',
      '/api/shards/session/query',
      { query: 'SELECT 1 AS x' },
      moved.token,
    );
    expect(read.status).toBe(200);
    const waited = await rename(neighbour, 'still not', other, { waitMs: 5000 });
    expect(waited.status).toBe(200);
    // The pause is over before the write is: it is let in, behind the one that holds its row.
    await world.until(id, ({ state }) => state === 'catching_up');
    expect(performance.now() - pausedAt).toBeLessThan(5500);
    const late = rename(moved, 'after the pause', service, { waitMs: 5000 });
    await sleep(300);
    await shard.query('COMMIT');
    expect((await slow).status).toBe(200);
    expect((await late).status).toBe(200);
    const done = await world.until(id, ({ state }) => state === 'flipped');
    expect(done.cutovers).toBe(2);
    expect(await nameOn('b')).toEqual({ name: 'after the pause' });
    expect((await rename(moved, 'at home', other)).status).toBe(200);
    expect(await nameOn('b')).toEqual({ name: 'at home' });
    expect(await nameOn('a')).toEqual({ name: 'after the pause' });
  });

  it('rides over the pause when asked to', async () => {
    const { items } = await world.api('GET', '/api/shards/moves?group=default');
    await system.query(
      `UPDATE shard_groups SET write_pauses = jsonb_build_array(jsonb_build_object('move', $1::text, 'connectionId', $2::text,
         'slots', jsonb_build_array($3::text), 'until', clock_timestamp() + interval '1.5 seconds'))`,
      [items[0].id, (await world.api('GET', '/api/shards/b')).connectionId, moved.id],
    );
    expect((await rename(moved, 'no', world.service)).body.code).toBe('shard.moving');
    expect((await rename(moved, 'yes', world.other, { waitMs: 5000 })).status).toBe(200);
    expect(await nameOn('b')).toEqual({ name: 'yes' });
  });

  it('has nothing to do with writes to databases that are no shards', async () => {
    const { host, port, database, username, password } = world.databases.get('a')!;
    const target = { type: 'mariadb', host, port, database, username, password, readOnly: false };
    const { id } = await world.api('POST', '/api/database/connections', { name: 'global', ...target });
    await world.api('PUT', '/api/shards/groups/default', { globalConnectionId: id });
    const query = `UPDATE accounts SET name = 'x' WHERE user_id = 'nobody'`;
    expect((await world.service.api('POST', '/api/shards/global/query', { query })).status).toBe(200);
    expect((await world.other.api('POST', '/api/database/query', { query, connectionId: id })).status).toBe(
      200,
    );
  });

  it('shows no intent the map or the pauses of before, however late they are committed', async () => {
    const commit = world.service.service.app.get(GroupCommit);
    const { epoch } = (await world.api('GET', '/api/shards/groups')).items[0];
    const open = async (way: { epoch: number; slot: string } | null): Promise<void> =>
      void (await commit.write([], shardWritesOpen(connectionId, way)));
    await expect(open({ epoch, slot: 'k' })).resolves.toBeUndefined();
    await expect(open({ epoch: epoch - 1, slot: 'k' })).rejects.toMatchObject({ code: 'shard.map_changed' });

    const during = async (change: string, ask: () => Promise<void>): Promise<unknown> => {
      await system.query('BEGIN');
      await system.query(change);
      const asked = ask().then(
        () => 'let in',
        (error: { code: string }) => error.code,
      );
      // Its snapshot is taken by now, and it waits for the row.
      await sleep(300);
      await system.query('COMMIT');
      return asked;
    };
    const pause = `UPDATE shard_groups SET write_pauses = jsonb_build_array(jsonb_build_object('move', 'm', 'connectionId',
      '${connectionId}', 'slots', '["k"]'::jsonb, 'until', clock_timestamp() + interval '1 minute'))`;
    expect(await during(pause, () => open({ epoch, slot: 'k' }))).toBe('shard.moving');
    expect(await during(pause, () => open(null))).toBe('shard.moving');
    expect(await during(pause, () => open({ epoch, slot: 'l' }))).toBe('let in');
    const flip = `UPDATE shard_groups SET write_pauses = '[]', epoch = epoch + 1`;
    expect(await during(flip, () => open({ epoch, slot: 'k' }))).toBe('shard.map_changed');
  });
});
