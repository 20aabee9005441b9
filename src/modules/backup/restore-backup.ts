import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import type { ClientBase } from 'pg';
import { DataSource } from 'typeorm';
import { quoteIdentifier } from '../../common/quote/postgresql';
import { systemDataSourceOptions } from '../../database/data-source-options';
import { readLines } from '../../common/read-lines';
import { loadMigrations } from '../../database/migrations';
import { runMigrations } from '../../database/run-migrations';
import {
  BACKUP_FORMAT,
  BACKUP_VERSION,
  type BackupEnd,
  type BackupHeader,
  type BackupTable,
} from './backup-format';

/** Rows, and characters, of a statement at most. */
const BATCH = { rows: 500, characters: 4_000_000 };

/**
 * Fills an empty system database from a backup, in one transaction: it is restored whole or stays empty. The schema is
 * that of the backup; a newer service migrates at its next start.
 * @returns rows by table, counted in the database and the same as in the file
 * @throws Error when the file is damaged, cut off or of a newer version, or when the database is not empty
 */
export async function restoreBackup(file: string, url: string): Promise<Readonly<Record<string, number>>> {
  await requireUndamaged(file);
  const lines = readLines(file);
  const first = await lines.next();
  const header = parse(first.done ? '' : first.value) as Partial<BackupHeader> | null;
  if (header?.format !== BACKUP_FORMAT || header.version !== BACKUP_VERSION) {
    throw new Error(`${file} is no backup of format ${BACKUP_FORMAT} ${BACKUP_VERSION}`);
  }
  const dataSource = await openWithSchema(url, header as BackupHeader);
  try {
    return await dataSource.transaction(async (manager) => {
      const client = (await manager.queryRunner!.connect()) as ClientBase;
      await requireEmpty(client);
      if (header.recordSince)
        await client.query('SELECT ensure_audit_partitions($1, 3)', [header.recordSince]);
      const end = await load(client, lines);
      await compare(client, end.rows);
      return end.rows;
    });
  } finally {
    await dataSource.destroy();
  }
}

/** `FILE.sha256` beside it, when there is one. */
async function requireUndamaged(file: string): Promise<void> {
  const sums = `${file}.sha256`;
  if (!existsSync(sums)) return;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  if (readFileSync(sums, 'utf8').slice(0, 64) !== hash.digest('hex')) {
    throw new Error(`${file} is damaged: its SHA-256 is not the one in ${sums}`);
  }
}

async function openWithSchema(url: string, header: BackupHeader): Promise<DataSource> {
  const all = loadMigrations();
  const wanted = all.filter((migration) => header.migrations.includes(new migration().name ?? ''));
  if (wanted.length !== header.migrations.length) {
    throw new Error('the backup was made by a newer version of the service: restore it with that');
  }
  const options = { ...systemDataSourceOptions(url, 2), migrations: wanted };
  const dataSource = await new DataSource(options).initialize();
  try {
    await runMigrations(dataSource);
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return dataSource;
}

async function requireEmpty(client: ClientBase): Promise<void> {
  const { rows } = await client.query('SELECT FROM users UNION ALL SELECT FROM audit_logs LIMIT 1');
  if (rows.length > 0) throw new Error('the database is not empty: a backup is restored into an empty one');
  // What the migrations wrote is in the backup, as it was.
  await client.query('DELETE FROM system_settings');
}

async function load(client: ClientBase, lines: AsyncGenerator<string>): Promise<BackupEnd> {
  let table: BackupTable | null = null;
  let batch: string[] = [];
  let characters = 0;
  const flush = async (): Promise<void> => {
    if (table && batch.length > 0) await insert(client, table, batch);
    batch = [];
    characters = 0;
  };
  for await (const text of lines) {
    // Rows are never parsed here, and none of the service's columns is called `type`.
    const mark = text.startsWith('{"type":"') ? (parse(text) as BackupTable | BackupEnd | null) : null;
    if (mark === null) {
      batch.push(text);
      characters += text.length;
      if (batch.length >= BATCH.rows || characters >= BATCH.characters) await flush();
      continue;
    }
    await flush();
    if (mark.type === 'end') return mark;
    table = mark;
  }
  throw new Error('the backup was cut off: it has no end');
}

async function insert(
  client: ClientBase,
  { table, columns }: BackupTable,
  batch: readonly string[],
): Promise<void> {
  const list = columns.map(quoteIdentifier).join(', ');
  await client.query(
    `INSERT INTO ${quoteIdentifier(table)} (${list})
     SELECT ${list} FROM json_populate_recordset(NULL::${quoteIdentifier(table)}, $1::json)`,
    [`[${batch.join(',')}]`],
  );
}

async function compare(client: ClientBase, rows: BackupEnd['rows']): Promise<void> {
  for (const [table, expected] of Object.entries(rows)) {
    const counted = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${quoteIdentifier(table)}`);
    const found = Number(counted.rows[0]?.n);
    if (found !== expected) throw new Error(`${table} has ${found} rows, the backup says ${expected}`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
