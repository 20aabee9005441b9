import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { MoveRunner } from '../../src/modules/shard-moves/move-runner';
import { expectedOf, mariadb, startMoveWorld, type MoveWorld } from './shard-moves-world';

/** More than the test kills, by what a busy machine may keep from starting. */
const MOST_STARTS = 30;
const MAIN = path.join(__dirname, '..', '..', 'dist', 'main.js');

/**
 * The service in processes of their own, on the database of the test. A trigger holds the transaction in which a move
 * enters a state, so that the process that works on it can be killed right there, with everything before done and
 * nothing of it on record.
 */
describe('a move whose runner is killed at every step', () => {
  let world: MoveWorld;
  let system: Client;
  let dir: string;
  let log: number;
  let started = 0;
  let writing: ReturnType<MoveWorld['write']>;
  let id: string;
  const runners: ChildProcess[] = [];

  const startRunner = (): void => {
    const { config, database } = world.service;
    const child = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        DATA_DIR: path.join(dir, String(started++)),
        DATABASE_URL: database.url,
        ENCRYPTION_KEYS: config.encryptionKeys
          .map(({ id: name, key }) => `${name}:${key.toString('base64')}`)
          .join(),
        JWT_SECRET: 'the same on all of them, and long enough',
        SAMPLES: 'false',
        LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', log, log],
    });
    runners.push(child);
    // As a supervisor would: a machine with much other work may keep one from starting.
    child.once('exit', (code) => {
      if (code === null || started > MOST_STARTS) return;
      runners.splice(runners.indexOf(child), 1);
      startRunner();
    });
  };
  /** The server's process of the transaction that is held, and the port of whoever began it. */
  const held = async (): Promise<{ pid: number; port: number }> => {
    const deadline = Date.now() + 100_000;
    for (;;) {
      if (Date.now() > deadline) {
        const move = JSON.stringify(await world.api('GET', `/api/shards/moves/${id}`));
        throw new Error(`not held: ${move}\n${readFileSync(path.join(dir, 'log'), 'utf8')}`);
      }
      const { rows } = await system.query(
        `SELECT pid, client_port AS port FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event = 'PgSleep'`,
      );
      if (rows[0]) return rows[0];
      await sleep(20);
    }
  };
  const holdAt = (what: string): Promise<unknown> => system.query('UPDATE hold_at SET what = $1', [what]);

  beforeAll(async () => {
    if (!existsSync(MAIN)) throw new Error('dist is missing: run `npm run build` first');
    dir = await mkdtemp(path.join(tmpdir(), 'sluice-moves-'));
    log = openSync(path.join(dir, 'log'), 'a');
    world = await startMoveWorld(mariadb, 'directory');
    // The replicas of the test answer its users; moves are for those that get killed.
    for (const { service } of [world.service, world.other]) await service.app.get(MoveRunner).close();
    system = new Client({ connectionString: world.service.database.url });
    await system.connect();
    await system.query(`
      CREATE TABLE hold_at (what text);
      INSERT INTO hold_at VALUES ('nothing');
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF (NEW.state <> OLD.state AND NEW.state = (SELECT what FROM hold_at))
          OR (NEW.progress <> OLD.progress AND (SELECT what FROM hold_at) = 'progress of ' || NEW.state)
        THEN PERFORM pg_sleep(60); END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER hold BEFORE UPDATE ON shard_moves FOR EACH ROW EXECUTE FUNCTION hold();`);
    for (const user of world.users) {
      await world.api('PUT', `/api/shards/groups/default/keys/${user.id}`, { shardId: 'a' });
      await world.seed('a', user, 700);
    }
    await world.api('PATCH', '/api/settings/shard_move_keep_minutes', { value: 0 });
    writing = world.write(world.users);
    await holdAt('progress of copying');
    startRunner();
    startRunner();
    const keys = world.users.slice(0, 2).map((user) => user.id);
    ({ id } = await world.move({ source: 'a', target: 'b', keys }));
  });
  afterAll(async () => {
    await writing?.stop();
    for (const child of runners) child.kill('SIGKILL');
    await system?.end();
    await world?.close();
    if (log !== undefined) closeSync(log);
    if (dir) rmSync(dir, { recursive: true, force: true });
  });

  const steps = [
    'progress of copying',
    'catching_up',
    'cutting_over',
    'verifying',
    'flipped',
    'cleaning',
    'progress of cleaning',
    'done',
  ];
  it.each(steps.map((step, index) => [step, steps[index + 1] ?? 'nothing']))(
    'is killed at %s, and goes on in another process',
    async (_, next) => {
      const { pid, port } = await held();
      const owner = runners.find((child) => ownsPort(child.pid!, port))!;
      const before = await world.api('GET', `/api/shards/moves/${id}`);
      const gone = once(owner, 'exit');
      owner.kill('SIGKILL');
      await gone;
      runners.splice(runners.indexOf(owner), 1);
      await holdAt(next);
      // What the server would find out by itself when the statement has ended: nobody is there to commit.
      await system.query('SELECT pg_terminate_backend($1, 30000)', [pid]);
      startRunner();
      const after = await world.api('GET', `/api/shards/moves/${id}`);
      expect(after.state).toBe(before.state);
    },
  );

  it('has every row on the shard of its key, and none lost', async () => {
    const { users } = world;
    await world.until(id, ({ state }) => state === 'done');
    await writing.stop();
    expect(await world.rowsOf('b')).toEqual(expectedOf(world, users.slice(0, 2)));
    expect(await world.rowsOf('a')).toEqual(expectedOf(world, users.slice(2)));
    expect([...world.refusals.keys()].filter((code) => code !== 'shard.moving')).toEqual([]);
    const { rows } = await system.query('SELECT lease_number::int AS n FROM shard_moves WHERE id = $1', [id]);
    // A runner for every one that was killed, and the last.
    expect(rows[0].n).toBeGreaterThan(steps.length);
  });
});

/** Whether a process has the socket with this port of 127.0.0.1 open. */
function ownsPort(pid: number, port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = ['tcp', 'tcp6'].flatMap((file) =>
    readFileSync(`/proc/net/${file}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local]) => local?.endsWith(`:${hex}`))
      .map((fields) => fields[9]),
  );
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode !== undefined && inodes.includes(inode);
    } catch {
      // Closed while it was looked at.
      return false;
    }
  });
}
