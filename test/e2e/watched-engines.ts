import { readdirSync, readFileSync } from 'node:fs';
import mongoose from 'mongoose';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { freshMongoDatabase } from '../servers/servers';
import { mariadbEngine, postgresqlEngine, sqliteEngine, type SqlEngine } from './engines';
import type { WatchedEngine } from './stop-attempts';

const statements = (engine: SqlEngine): Omit<WatchedEngine, 'isRunning' | 'busySessions'> => ({
  target: engine.target,
  allowedTables: [`${engine.prefix}numbers`],
  slow: (marker) =>
    `SELECT count(*) AS c, '${marker}' AS m FROM numbers a, numbers b, numbers c WHERE a.n + b.n + c.n < -60`,
  endless: (marker) => `SELECT a.n, '${marker}${'x'.repeat(200)}' AS m FROM numbers a, numbers b, numbers c`,
  quick: 'SELECT count(*) AS c FROM numbers',
  echo: (marker) => `SELECT '${marker}' AS m FROM numbers WHERE n = 1`,
  drop: () => engine.drop(),
});

export async function watchedPostgresql(): Promise<WatchedEngine> {
  const engine = await postgresqlEngine();
  const { host, port, database, username, password } = engine.target as never as Record<string, string>;
  const client = new Client({ host, port: Number(port), database, user: username, password });
  await client.connect();
  return {
    ...statements(engine),
    isRunning: async (marker) => {
      const { rows } = await client.query<{ n: string }>(
        `SELECT count(*) AS n FROM pg_stat_activity
         WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%'`,
        [marker],
      );
      return Number(rows[0]!.n) > 0;
    },
    busySessions: async () => {
      const { rows } = await client.query(
        `SELECT state, query FROM pg_stat_activity
         WHERE datname = $1 AND pid <> pg_backend_pid() AND state <> 'idle'`,
        [database],
      );
      return rows;
    },
    drop: async () => {
      await client.end();
      await engine.drop();
    },
  };
}

export async function watchedMariadb(): Promise<WatchedEngine> {
  const engine = await mariadbEngine();
  const { host, port, database, username, password } = engine.target as never as Record<string, string>;
  const client = await createConnection({ host, port: Number(port), user: username, password });
  return {
    ...statements(engine),
    isRunning: async (marker) => {
      const [rows] = await client.query(
        'SELECT info FROM information_schema.processlist WHERE id <> connection_id()',
      );
      return (rows as { info: string | null }[]).some(({ info }) => info?.includes(marker));
    },
    busySessions: async () => {
      const [rows] = await client.query(
        `SELECT p.command, p.state, p.info, t.trx_state FROM information_schema.processlist p
         LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = p.id
         WHERE p.db = ? AND (p.command <> 'Sleep' OR t.trx_id IS NOT NULL)`,
        [database],
      );
      return rows as unknown[];
    },
    drop: async () => {
      await client.end();
      await engine.drop();
    },
  };
}

/** SQLite has no list: the child process that works on the statement is one that uses the processor. */
export async function watchedSqlite(): Promise<WatchedEngine> {
  const engine = await sqliteEngine();
  const busy = async (): Promise<number[]> => {
    const before = busyTicks();
    await new Promise((resolve) => setTimeout(resolve, 60));
    const after = busyTicks();
    return [...after].filter(([pid, ticks]) => ticks - (before.get(pid) ?? ticks) >= 1).map(([pid]) => pid);
  };
  return {
    ...statements(engine),
    isRunning: async () => (await busy()).length > 0,
    // One that has just answered may still collect its garbage: it is busy if it is each time it is looked at.
    busySessions: async () => {
      let always = await busy();
      for (let look = 0; look < 5 && always.length > 0; look++) {
        const now = await busy();
        always = always.filter((pid) => now.includes(pid));
      }
      return always;
    },
  };
}

/** Processor time of the children of this process, in ticks of 10 ms. */
function busyTicks(): Map<number, number> {
  const ticks = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const [, text = ''] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ');
      const fields = text.split(' ');
      if (Number(fields[1]) === process.pid) ticks.set(Number(name), Number(fields[11]) + Number(fields[12]));
    } catch {
      // It ended while it was looked at.
    }
  }
  return ticks;
}

export async function watchedMongodb(): Promise<WatchedEngine> {
  const database = await freshMongoDatabase();
  const connection = await mongoose.createConnection(database.url).asPromise();
  await connection
    .collection<{ _id: number }>('numbers')
    .insertMany(Array.from({ length: 1000 }, (_, n) => ({ _id: n + 1 })));
  const many = (marker: string): object[] => [
    { $lookup: { from: 'numbers', pipeline: [], as: 'b' } },
    { $unwind: '$b' },
    { $lookup: { from: 'numbers', pipeline: [], as: 'c' } },
    { $unwind: '$c' },
    { $addFields: { m: `${marker}${'x'.repeat(200)}` } },
  ];
  const aggregate = (pipeline: object[]): object => ({
    operation: 'aggregate',
    collection: 'numbers',
    pipeline,
  });
  return {
    target: {
      type: 'mongodb',
      host: database.host,
      port: database.port,
      database: database.database,
      username: database.username,
      password: database.password,
      options: { authSource: new URL(database.url).searchParams.get('authSource') ?? 'admin' },
    },
    allowedTables: ['numbers'],
    // The match is on what was computed: it cannot be moved to the front.
    slow: (marker) =>
      aggregate([
        ...many(marker),
        { $addFields: { k: { $add: ['$_id', '$b._id', '$c._id'] } } },
        { $match: { k: -1 } },
      ]),
    endless: (marker) => aggregate(many(marker)),
    quick: { operation: 'countDocuments', collection: 'numbers', filter: {} },
    echo: (marker) => aggregate([{ $match: { _id: 1 } }, { $project: { _id: 0, m: { $literal: marker } } }]),
    busySessions: async () => {
      const pipeline = [
        { $currentOp: { allUsers: true, idleCursors: true } },
        { $match: { ns: { $regex: `^${database.database}\\.` } } },
      ];
      return connection.getClient().db('admin').aggregate(pipeline).toArray();
    },
    isRunning: async (marker) => {
      const pipeline = [{ $currentOp: { allUsers: true, idleCursors: true } }];
      const operations = await connection.getClient().db('admin').aggregate(pipeline).toArray();
      return operations.some(({ command, cursor }) => JSON.stringify([command, cursor]).includes(marker));
    },
    drop: async () => {
      await connection.close();
      await database.drop();
    },
  };
}
