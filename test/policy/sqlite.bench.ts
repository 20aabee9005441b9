import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import type { BareAnswer, Bench } from './bench';
import { digestOf } from './digest-of';
import { sqlOf, type Statement } from './suite-entry';
import { tablesOf, worlds, type World } from './worlds';

const fixture = (name: string): string => readFileSync(join(__dirname, 'fixture', name), 'utf8');

/** Three files in a folder of their own, each opened by the library in this process as well. */
export async function sqliteBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-suite-'));
  const files = { A: join(folder, 'a.sqlite'), B: join(folder, 'b.sqlite'), copy: join(folder, 'c.sqlite') };
  for (const world of worlds) fill(files[world], world);
  copyFileSync(files.A, files.copy);
  const open = (file: string): DatabaseSyncInstance => new DatabaseSync(file, { timeout: 2000 });
  const clients = { A: open(files.A), B: open(files.B), copy: open(files.copy) };
  const masked = open(files.copy);
  masked.exec(fixture('sqlite.masked.sql'));

  return {
    engine: 'sqlite',
    target: (world) => ({ type: 'sqlite', database: files[world] }),
    aliases: { A: [[files.A, 'database']], B: [[files.B, 'database']] },
    form: loose,
    bare: async (world, statement, params) => inTransaction(clients[world], statement, params),
    masked: async (statement, params) =>
      inTransaction(masked, sqlOf(statement).replace(/(\bmain|"main")\./gi, ''), params),
    change: async (statement, params) => ask(clients.copy, statement, params),
    digest: async (world) => digest(clients[world], folder),
    async close() {
      for (const client of [...Object.values(clients), masked]) client.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fill(file: string, world: World): void {
  const database = new DatabaseSync(file);
  const [tables = '', rest = ''] = fixture('sqlite.sql').split('-- rows\n');
  database.exec(tables);
  for (const { name, columns, rows } of tablesOf(world)) {
    const insert = database.prepare(
      `insert into ${name} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
    );
    for (const row of rows)
      insert.run(...row.map((cell) => (typeof cell === 'boolean' ? Number(cell) : cell)));
  }
  database.exec(rest);
  database.close();
}

/** The same number as INTEGER, REAL and text: the declared type, which the library does not tell, decides the form. */
function loose(cell: unknown): unknown {
  if (typeof cell === 'number' || typeof cell === 'bigint') return String(cell);
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('base64');
  if (cell === null || typeof cell !== 'object') return cell;
  const tagged = cell as Readonly<Record<string, unknown>>;
  const binary = tagged['$binary'] as { base64: string } | undefined;
  return binary?.base64 ?? tagged['$numberLong'] ?? tagged['$numberDouble'] ?? tagged['$text'] ?? cell;
}

function inTransaction(
  client: DatabaseSyncInstance,
  statement: Statement,
  params?: readonly unknown[],
): BareAnswer {
  client.exec('begin');
  try {
    return ask(client, statement, params);
  } finally {
    if (client.isTransaction) client.exec('rollback');
  }
}

function ask(
  client: DatabaseSyncInstance,
  statement: Statement,
  params: readonly unknown[] = [],
): BareAnswer {
  try {
    const prepared = client.prepare(sqlOf(statement));
    prepared.setReadBigInts(true);
    prepared.setReturnArrays(true);
    const columns = prepared.columns().map(({ name }) => name ?? '');
    const values = params.map((value) => (typeof value === 'boolean' ? Number(value) : value)) as (
      string | number
    )[];
    const changes = (): bigint => {
      const count = client.prepare('select total_changes()');
      count.setReadBigInts(true);
      return Object.values(count.get() as Record<string, bigint>)[0] ?? 0n;
    };
    const before = changes();
    const rows = prepared.all(...values) as unknown as unknown[][];
    const changed = Number(changes() - before);
    return {
      ok: true,
      rows: rows.map((row) => row.map(loose)),
      columns,
      affected: null,
      said: changed ? `${changed}` : '',
    };
  } catch (error) {
    return { ok: false, rows: [], columns: [], affected: null, said: (error as Error).message };
  }
}

/** Every row, the schema, the settings that the file keeps, and the files beside it. */
function digest(client: DatabaseSyncInstance, folder: string): string {
  const all = (query: string): string =>
    client
      .prepare(query)
      .all()
      .map((row) => JSON.stringify(row))
      .sort()
      .join('\n');
  const tables = client
    .prepare("select name from sqlite_schema where type = 'table' order by name")
    .all() as unknown as readonly { name: string }[];
  const files = readdirSync(folder).filter((name) => !/-(wal|shm|journal)$/.test(name));
  return digestOf([
    ...tables.map(({ name }) => [name, all(`select * from "${name}"`)] as const),
    ...[
      'select type, name, tbl_name, sql from sqlite_schema',
      'pragma user_version',
      'pragma application_id',
      'pragma journal_mode',
      'pragma auto_vacuum',
      'pragma encoding',
    ].map((query) => [query, all(query)] as const),
    ['files', files.join('\n')],
  ]);
}
