import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { freshMariadbDatabase, freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { startTestService, type TestService, type TestUser } from './service';

/** One request of a user, and what came of it. */
export interface Visit {
  readonly user: string;
  readonly from: number;
  readonly to: number;
  /** Of a read, the database that answered. */
  readonly answeredBy: string | null;
  /** Of a write, the row. */
  readonly row: string | null;
  readonly status: number;
  readonly code: string | null;
  readonly retryAfter: string | null;
}

/** A time in which a shard was away: it went between `leaving` and `left`, and came back after `returning`. */
export interface Absence {
  readonly shard: string;
  readonly refusal: string;
  readonly leaving: number;
  readonly left: number;
  readonly returning: number;
  readonly returned: number;
}

/** The home of a user: alone since `since`; from `leaving` on, the next one may be it as well. */
interface Stay {
  readonly shard: string;
  since: number;
  leaving: number;
}

export interface LiveReport {
  readonly visits: readonly Visit[];
  readonly absences: readonly Absence[];
  readonly stays: ReadonlyMap<string, readonly Stay[]>;
  /** Rows by database: who wrote them. */
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly moves: number;
  /** Of the users, all together. */
  readonly requestsPerSecond: number;
}

export interface LiveLoad {
  readonly engine: 'mariadb' | 'postgresql';
  readonly requestsPerSecond: number;
  /** Rounds of changes go on until this is over; there is one at least. */
  readonly ms: number;
}

const SHARDS = ['a', 'b', 'c'];
const USERS_OF_A_SHARD = 3;
const AWAY_MS = 1500;

const engines = {
  mariadb: { fresh: freshMariadbDatabase, run: runMariadb, insert: 'INSERT INTO visits VALUES (?, ?)' },
  postgresql: {
    fresh: freshPostgresDatabase,
    run: runPostgresql,
    insert: 'INSERT INTO visits VALUES ($1, $2)',
  },
} as const;

async function runMariadb({ url }: FreshDatabase, statement: string): Promise<any[]> {
  const client = await createConnection(url);
  const [rows] = await client.query(statement);
  await client.end();
  return rows as any[];
}

async function runPostgresql({ url }: FreshDatabase, statement: string): Promise<any[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(statement);
  await client.end();
  return rows;
}

/**
 * Users work by session on two replicas, while shards are added, paused, drained, switched off, changed and removed, and
 * keys move between them.
 */
export async function runLiveShards({ engine, requestsPerSecond, ms }: LiveLoad): Promise<LiveReport> {
  const { fresh, run, insert } = engines[engine];
  const databases = new Map<string, FreshDatabase>();
  const service = await startTestService({ maxSessionsTotal: 200 });
  const control = { running: true };
  const workers: Promise<void>[] = [];
  try {
    const other = await service.replica();
    const visits: Visit[] = [];
    const absences: Absence[] = [];
    const stays = new Map<string, Stay[]>();
    const users = new Map<string, TestUser>();
    let moves = 0;

    const api = async (method: string, path: string, body?: unknown): Promise<any> => {
      const answer = await service.api(method, path, body);
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
      return answer.body;
    };
    const database = async (name: string): Promise<Record<string, unknown>> => {
      const one = await fresh();
      databases.set(name, one);
      await run(one, 'CREATE TABLE visits (id CHAR(36) PRIMARY KEY, user_id CHAR(36) NOT NULL)');
      await run(one, 'CREATE INDEX visits_user ON visits (user_id)');
      await run(one, 'CREATE TABLE whoami (name VARCHAR(20) PRIMARY KEY)');
      await run(one, `INSERT INTO whoami VALUES ('${name}')`);
      const { host, port, database: databaseName, username, password } = one;
      return { type: engine, host, port, databaseName, username, password };
    };
    const permit = (connectionId: string, userId: string): Promise<unknown> =>
      api('PUT', `/api/database/connections/${connectionId}/permissions/${userId}`, { canWrite: true });
    const add = async (shardId: string): Promise<void> => {
      const target = await database(shardId);
      const { connectionId } = await api('POST', '/api/shards', { shardId, ...target, maxConnections: 5 });
      for (const userId of users.keys()) await permit(connectionId, userId);
    };
    const settle = async (userId: string, shardId: string): Promise<void> => {
      await api('PUT', `/api/shards/groups/default/keys/${userId}`, { shardId });
      stays.set(userId, [{ shard: shardId, since: performance.now(), leaving: Infinity }]);
    };
    const homeOf = (userId: string): string => stays.get(userId)!.at(-1)!.shard;
    const at = (shard: string): string[] => [...users.keys()].filter((id) => homeOf(id) === shard);

    const visit = async (replica: TestService, { id, token }: TestUser, isWrite: boolean): Promise<void> => {
      const from = performance.now();
      const row = isWrite ? randomUUID() : null;
      const request = isWrite
        ? { query: insert, params: [row, id] }
        : { query: 'SELECT name FROM whoami', cache: 'bypass' };
      const { status, body, headers } = await replica.api(
        'POST',
        '/api/shards/session/query',
        request,
        token,
      );
      visits.push({
        user: id,
        from,
        to: performance.now(),
        answeredBy: status === 200 && !isWrite ? body.data[0].name : null,
        row,
        status,
        code: body.code ?? null,
        retryAfter: headers.get('retry-after'),
      });
    };
    const start = (user: TestUser, pauseMs: number): void => {
      workers.push(
        (async () => {
          let next = performance.now() + Math.random() * pauseMs;
          const open = new Set<Promise<void>>();
          for (let count = 0; control.running; count++) {
            await sleep(Math.max(0, next - performance.now()));
            next = Math.max(next + pauseMs, performance.now() - pauseMs);
            // Whoever waits for an answer does not stop the others of this user.
            const one = visit(count % 2 === 0 ? service : other, user, count % 3 === 0).finally(() =>
              open.delete(one),
            );
            open.add(one);
            if (open.size > 20) await Promise.race(open);
          }
          await Promise.all(open);
        })(),
      );
    };
    const away = async (shard: string, status: string, refusal: string): Promise<void> => {
      const leaving = performance.now();
      await api('PATCH', `/api/shards/${shard}`, { status });
      const left = performance.now();
      await sleep(AWAY_MS);
      const returning = performance.now();
      await api('PATCH', `/api/shards/${shard}`, { status: 'active' });
      absences.push({ shard, refusal, leaving, left, returning, returned: performance.now() });
    };
    const move = async (source: string, target: string, keys: readonly string[]): Promise<void> => {
      const leaving = performance.now();
      for (const key of keys) stays.get(key)!.at(-1)!.leaving = leaving;
      const { id } = await api('POST', '/api/shards/moves', { source, target, keys });
      for (const key of keys) stays.get(key)!.push({ shard: target, since: Infinity, leaving: Infinity });
      for (;;) {
        const { state } = await api('GET', `/api/shards/moves/${id}`);
        if (state === 'failed') throw new Error(`the move from ${source} to ${target} failed`);
        if (['flipped', 'cleaning', 'done'].includes(state)) {
          for (const key of keys)
            stays.get(key)!.at(-1)!.since = Math.min(stays.get(key)!.at(-1)!.since, performance.now());
        }
        if (state === 'done') break;
        await sleep(50);
      }
      moves += keys.length;
    };

    await api('PATCH', '/api/settings/shard_move_keep_minutes', { value: 0 });
    const { databaseName, ...target } = await database('global');
    const everywhere = { name: 'global', ...target, database: databaseName, readOnly: false };
    const { id: globalConnectionId } = await api('POST', '/api/database/connections', everywhere);
    await api('PUT', '/api/shards/groups/default', { globalConnectionId, strategy: 'directory' });
    await api('PUT', '/api/shards/groups/default/tables', {
      items: [{ table: 'visits', keyColumn: 'user_id' }, { table: 'whoami' }],
    });
    const names = SHARDS.flatMap((shard) => Array.from({ length: USERS_OF_A_SHARD }, () => shard));
    for (const _ of names) {
      const user = await service.user('user');
      users.set(user.id, user);
    }
    // Whoever may ask everything is kept apart by the route alone.
    for (const userId of users.keys()) await permit(globalConnectionId, userId);
    for (const shard of SHARDS) await add(shard);
    for (const [index, userId] of [...users.keys()].entries()) await settle(userId, names[index]!);

    const began = performance.now();
    for (const user of users.values()) start(user, (1000 * users.size) / requestsPerSecond);
    await sleep(500);
    for (let round = 0; round === 0 || performance.now() - began < ms; round++) {
      const [a, b, c] = SHARDS.map((_, index) => SHARDS[(index + round) % SHARDS.length]!) as [
        string,
        string,
        string,
      ];
      const extra = `extra-${round}`;
      const [traveller, neighbour] = at(b) as [string, string];
      await Promise.all([away(a, 'maintenance', 'shard.maintenance'), move(b, c, [traveller])]);
      await add(extra);
      await Promise.all([away(b, 'draining', 'shard.maintenance'), move(c, extra, [traveller])]);
      await Promise.all([away(c, 'inactive', 'shard.unknown'), move(extra, a, [traveller])]);
      await api('DELETE', `/api/shards/${extra}`);
      await api('PATCH', `/api/shards/${a}`, { maxConnections: 4 + (round % 2) });
      await move(a, b, [traveller]);
      if (neighbour) await away(a, 'maintenance', 'shard.maintenance');
      await sleep(300);
    }
    control.running = false;
    await Promise.all(workers);
    const seconds = (performance.now() - began) / 1000;

    const rows = new Map<string, Map<string, string>>();
    for (const [name, one] of databases) {
      const found = await run(one, 'SELECT id, user_id FROM visits');
      rows.set(name, new Map(found.map(({ id, user_id }) => [id, user_id])));
    }
    return { visits, absences, stays, rows, moves, requestsPerSecond: visits.length / seconds };
  } finally {
    control.running = false;
    await Promise.allSettled(workers);
    await service.close();
    for (const one of databases.values()) await one.drop();
  }
}
