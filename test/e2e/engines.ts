import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { freshMariadbDatabase, freshPostgresDatabase } from '../servers/servers';

/** A database of one engine with `people` (three rows), `secrets` (one) and 5,000 `numbers`, and how it writes things. */
export interface SqlEngine {
  readonly type: 'postgresql' | 'mariadb' | 'sqlite';
  /** Body of a connection, without its name. */
  readonly target: Record<string, unknown>;
  /** `schema.` where the engine has schemas. */
  readonly prefix: string;
  readonly placeholder: string;
  /** A statement that takes about this long unless it is stopped. */
  slow(seconds: number): string;
  drop(): Promise<void>;
}

const statements = [
  'CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(100), email VARCHAR(100))',
  `INSERT INTO people VALUES (1, 'Ada', 'ada@example.org'), (2, 'Grace', 'grace@example.org'), (3, 'Edsger', NULL)`,
  'CREATE TABLE secrets (id INTEGER PRIMARY KEY, value VARCHAR(100))',
  `INSERT INTO secrets VALUES (1, 'canary-value')`,
  'CREATE TABLE numbers (n INTEGER PRIMARY KEY)',
  `INSERT INTO numbers ${series(5000)}`,
];

function series(count: number): string {
  return `VALUES ${Array.from({ length: count }, (_, n) => `(${n + 1})`).join(',')}`;
}

/** Needs no function that a permission would have to name: joins as many rows as take that long. */
const crossJoin = (seconds: number): string =>
  `SELECT count(*) AS c FROM numbers a, numbers b, numbers c WHERE a.n + b.n + c.n < ${-seconds}`;

export async function postgresqlEngine(): Promise<SqlEngine> {
  const database = await freshPostgresDatabase();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
  const { host, port, database: name, username, password } = database;
  return {
    type: 'postgresql',
    target: { type: 'postgresql', host, port, database: name, username, password },
    prefix: 'public.',
    placeholder: '$1',
    slow: crossJoin,
    drop: () => database.drop(),
  };
}

export async function mariadbEngine(): Promise<SqlEngine> {
  const database = await freshMariadbDatabase();
  const client = await createConnection(database.url);
  for (const statement of statements) await client.query(statement);
  await client.end();
  const { host, port, database: name, username, password } = database;
  return {
    type: 'mariadb',
    target: { type: 'mariadb', host, port, database: name, username, password },
    prefix: `${name}.`,
    placeholder: '?',
    slow: crossJoin,
    drop: () => database.drop(),
  };
}

export async function sqliteEngine(): Promise<SqlEngine> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  const file = join(dir, 'test.sqlite');
  const database = new DatabaseSync(file);
  for (const statement of statements) database.exec(statement);
  database.close();
  return {
    type: 'sqlite',
    target: { type: 'sqlite', database: file },
    prefix: '',
    placeholder: '?',
    slow: crossJoin,
    drop: async () => rmSync(dir, { recursive: true, force: true }),
  };
}
