import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { freshMariadbDatabase, freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

/** An engine of shards: the tables that move, and one that does not. */
export interface MoveEngine {
  readonly type: 'mariadb' | 'postgresql';
  readonly database: () => Promise<FreshDatabase>;
  readonly tables: readonly string[];
  readonly placeholders: (count: number) => string[];
}

export const mariadb: MoveEngine = {
  type: 'mariadb',
  database: freshMariadbDatabase,
  tables: [
    'CREATE TABLE accounts (user_id CHAR(36) PRIMARY KEY, name VARCHAR(60) NOT NULL)',
    `CREATE TABLE orders (id CHAR(36) PRIMARY KEY, owner CHAR(36) NOT NULL, n INT, amount DECIMAL(30,10), f FLOAT, d DOUBLE,
       at DATETIME(6), ts TIMESTAMP(3) NULL, day DATE, raw VARBINARY(20), j JSON, b BIT(9), big BIGINT UNSIGNED,
       twice INT AS (n * 2) STORED, KEY (owner), FOREIGN KEY (owner) REFERENCES accounts (user_id))`,
    'CREATE TABLE countries (code CHAR(2) PRIMARY KEY)',
  ],
  placeholders: (count) => Array.from({ length: count }, () => '?'),
};

export const postgresql: MoveEngine = {
  type: 'postgresql',
  database: freshPostgresDatabase,
  tables: [
    'CREATE TABLE accounts (user_id uuid PRIMARY KEY, name text NOT NULL)',
    `CREATE TABLE orders (id uuid PRIMARY KEY, owner uuid NOT NULL REFERENCES accounts, n int, amount numeric, f real,
       d double precision, at timestamp, ts timestamptz, day date, raw bytea, j jsonb, b bit(9), big numeric(20),
       twice int GENERATED ALWAYS AS (n * 2) STORED)`,
    'CREATE INDEX ON orders (owner)',
    'CREATE TABLE countries (code char(2) PRIMARY KEY)',
  ],
  placeholders: (count) => Array.from({ length: count }, (_, index) => `$${index + 1}`),
};

/** What the test knows of the rows of a user: `n` by the id of the order. */
export type Orders = Map<string, number>;

export interface MoveWorld {
  readonly service: TestService;
  readonly other: TestService;
  readonly users: readonly TestUser[];
  readonly databases: ReadonlyMap<string, FreshDatabase>;
  readonly orders: ReadonlyMap<string, Orders>;
  /** Refusals of writes by code. */
  readonly refusals: Map<string, number>;
  api(method: string, path: string, body?: unknown): Promise<any>;
  /** Rows of a shard: owner and `n` of every order by its id. */
  rowsOf(shardId: string): Promise<Map<string, { owner: string; n: number }>>;
  run(shardId: string, statement: string): Promise<unknown[]>;
  seed(shardId: string, user: TestUser, count: number): Promise<void>;
  /** Users write until `stop` is called; both replicas are asked in turn. */
  write(who: readonly TestUser[]): { stop(): Promise<void> };
  move(body: object): Promise<any>;
  until(id: string, done: (move: any) => boolean): Promise<any>;
  close(): Promise<void>;
}

const COLUMNS = 'id, owner, n, amount, f, d, at, ts, day, raw, j, b, big';

/** Values whose text is easily not what they are. */
function valuesOf(id: string, owner: string, n: number): unknown[] {
  const time = `2024-02-29 23:59:58.${String(n).padStart(6, '0')}`;
  const f = 0.1 + n;
  return [
    id,
    owner,
    n,
    `${n}.0000000001`,
    f,
    f / 3,
    time,
    '2024-01-01 00:00:00.5',
    '2000-01-01',
    `\u0001\\'${n}`,
  ];
}

export async function startMoveWorld(engine: MoveEngine, strategy: 'directory' | 'hash'): Promise<MoveWorld> {
  const service = await startTestService({ maxSessionsTotal: 200 });
  const other = await service.replica();
  const databases = new Map<string, FreshDatabase>();
  const orders = new Map<string, Orders>();
  const refusals = new Map<string, number>();
  const users: TestUser[] = [];
  /** Every write has its own number, so that each changes something. */
  let turns = 0;

  const api = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await service.api(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
    return answer.body;
  };
  const run = async (shardId: string, statement: string): Promise<any[]> => {
    const { url } = databases.get(shardId)!;
    if (engine.type === 'mariadb') {
      const client = await createConnection(url);
      const [rows] = await client.query(statement);
      await client.end();
      return rows as unknown[];
    }
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query(statement);
    await client.end();
    return rows;
  };

  await api('PUT', '/api/shards/groups/default', { strategy });
  for (let n = 0; n < 4; n++) users.push(await service.user('user'));
  for (const shardId of ['a', 'b']) {
    const fresh = await engine.database();
    databases.set(shardId, fresh);
    for (const statement of engine.tables) await run(shardId, statement);
    const { host, port, database: databaseName, username, password } = fresh;
    const target = { type: engine.type, host, port, databaseName, username, password, maxConnections: 8 };
    const { connectionId } = await api('POST', '/api/shards', { shardId, ...target });
    for (const { id } of users) {
      await api('PUT', `/api/database/connections/${connectionId}/permissions/${id}`, { canWrite: true });
    }
  }
  await api('PUT', '/api/shards/groups/default/tables', {
    items: [
      { table: 'accounts', keyColumn: 'user_id' },
      { table: 'orders', keyColumn: 'owner' },
      { table: 'countries' },
    ],
  });

  const send = (user: TestUser, query: string, params: unknown[], on: TestService): Promise<Answer> =>
    on.api('POST', '/api/shards/session/query', { query, params, cache: 'bypass' }, user.token);
  const change = async (user: TestUser, turn: number): Promise<void> => {
    const mine = orders.get(user.id)!;
    const on = turn % 2 === 0 ? service : other;
    const p = engine.placeholders(4);
    const known = [...mine.keys()];
    const id = known[(turn * 7) % Math.max(1, known.length)];
    const kind = id === undefined ? 0 : turn % 4;
    const fresh = randomUUID();
    const answer =
      kind === 3
        ? await send(user, `DELETE FROM orders WHERE id = ${p[0]}`, [id], on)
        : kind === 2
          ? await send(user, `UPDATE orders SET n = ${p[0]} WHERE id = ${p[1]}`, [turn, id], on)
          : await send(
              user,
              `INSERT INTO orders (id, owner, n) VALUES (${p[0]}, ${p[1]}, ${p[2]})`,
              [fresh, user.id, turn],
              on,
            );
    if (answer.status !== 200) {
      refusals.set(answer.body.code, (refusals.get(answer.body.code) ?? 0) + 1);
    } else if (answer.body.metadata.affectedRows !== 1) {
      refusals.set('no row', (refusals.get('no row') ?? 0) + 1);
    } else if (kind === 3) mine.delete(id!);
    else mine.set(kind === 2 ? id! : fresh, turn);
  };

  return {
    service,
    other,
    users,
    databases,
    orders,
    refusals,
    api,
    run,
    rowsOf: async (shardId) => {
      const rows = await run(shardId, 'SELECT id, owner, n FROM orders');
      return new Map(rows.map(({ id, owner, n }) => [id, { owner, n }]));
    },
    seed: async (shardId, user, count) => {
      const literal = (value: unknown): string =>
        typeof value === 'number' ? String(value) : `'${String(value).replace(/['\\]/g, '')}'`;
      const mine: Orders = orders.get(user.id) ?? new Map<string, number>();
      orders.set(user.id, mine);
      await run(shardId, `INSERT INTO accounts VALUES ('${user.id}', 'O''Brien \u00e9 \u{1f600}')`);
      const rows = Array.from({ length: count }, (_, index) => {
        // Not a number that `write` uses, so that every update changes its row.
        const n = 100_000 + index;
        const id = randomUUID();
        mine.set(id, n);
        const more = [
          `'{"a": [1, ${n}]}'`,
          engine.type === 'mariadb' ? `b'10000000${n % 2}'` : `B'10000000${n % 2}'`,
        ];
        return `(${[...valuesOf(id, user.id, n).map(literal), ...more, '18446744073709551615'].join(', ')})`;
      });
      for (let at = 0; at < rows.length; at += 500) {
        await run(shardId, `INSERT INTO orders (${COLUMNS}) VALUES ${rows.slice(at, at + 500).join(', ')}`);
      }
    },
    write: (who) => {
      const control = { running: true };
      const workers = who.map(async (user) => {
        while (control.running) {
          await change(user, turns++);
          await sleep(2);
        }
      });
      return {
        stop: async () => {
          control.running = false;
          await Promise.all(workers);
        },
      };
    },
    move: (body) => api('POST', '/api/shards/moves', body),
    until: async (id, done) => {
      for (;;) {
        const move = await api('GET', `/api/shards/moves/${id}`);
        if (done(move)) return move;
        if (move.state === 'failed') throw new Error(`the move failed: ${JSON.stringify(move)}`);
        await sleep(30);
      }
    },
    close: async () => {
      await service.close();
      for (const one of databases.values()) await one.drop();
    },
  };
}

/** What the test knows of some users' orders, as `rowsOf` gives them. */
export function expectedOf(
  world: MoveWorld,
  users: readonly TestUser[],
): Map<string, { owner: string; n: number }> {
  return new Map(
    users.flatMap(({ id: owner }) =>
      [...(world.orders.get(owner) ?? [])].map(([id, n]) => [id, { owner, n }] as const),
    ),
  );
}
