import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Client } from 'pg';
import { SteadyClient } from '../../common/steady-client';
import Cursor from 'pg-cursor';
import { AppError } from '../../common/app-error';
import {
  BACKUP_FORMAT,
  BACKUP_VERSION,
  type BackupEnd,
  type BackupHeader,
  type BackupTable,
} from './backup-format';
import { listTables, type StoredTable } from './list-tables';

/** Rows at a time: one saved result may be many megabytes. */
const BATCH = 100;

export interface BackupOptions {
  readonly url: string;
  readonly dir: string;
  readonly schemaOnly?: boolean;
  readonly now?: Date;
}

export interface WrittenBackup {
  readonly file: string;
  readonly bytes: number;
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * Writes the system database, in one snapshot, into a packed file, with its SHA-256 beside it as `sha256sum` has it.
 * What is sealed stays sealed: the keys are not in the database. The file appears under its name when it is whole.
 * @throws AppError `backup.no_space`; whatever it is, nothing half is left
 */
export async function writeBackup({
  url,
  dir,
  schemaOnly = false,
  now = new Date(),
}: BackupOptions): Promise<WrittenBackup> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const name = `sluice-${stamp}${schemaOnly ? '-schema' : ''}.ndjson.gz`;
  const file = join(dir, name);
  const part = `${file}.part`;
  const rows: Record<string, number> = {};
  const hash = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const client = new SteadyClient({ connectionString: url, application_name: 'sluice backup' });
  await client.connect();
  try {
    const lines = Readable.from(linesOf(client, schemaOnly, now, rows), {
      objectMode: true,
      highWaterMark: 1,
    });
    await pipeline(lines, createGzip(), measure, createWriteStream(part, { mode: 0o600 }));
    await sync(part);
    await writeFile(`${file}.sha256`, `${hash.digest('hex')}  ${name}\n`, { mode: 0o600 });
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    await rm(`${file}.sha256`, { force: true });
    throw isNoSpace(error) ? new AppError('backup.no_space', undefined, { cause: error }) : error;
  } finally {
    await client.end();
  }
  return { file, bytes, rows };
}

/** Removes backups older than `keepDays`, but never the newest. @returns how many */
export async function removeOldBackups(dir: string, keepDays: number, now = new Date()): Promise<number> {
  const backups = (await readdir(dir))
    .filter((name) => /^sluice-\d{8}T\d{6}Z\.ndjson\.gz$/.test(name))
    .toSorted();
  const limit = new Date(now.getTime() - keepDays * 86_400_000).toISOString().replace(/[-:]|\.\d+/g, '');
  const old = backups.slice(0, -1).filter((name) => name < `sluice-${limit}`);
  for (const name of old) {
    await rm(join(dir, name), { force: true });
    await rm(join(dir, `${name}.sha256`), { force: true });
  }
  return old.length;
}

async function* linesOf(
  client: Client,
  schemaOnly: boolean,
  now: Date,
  rows: Record<string, number>,
): AsyncGenerator<string> {
  await client.query(
    `SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = 1;
     BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`,
  );
  const migrations = await client.query<{ name: string }>(
    'SELECT name FROM schema_migrations ORDER BY "timestamp"',
  );
  const since = await client.query<{ at: string | null }>(
    `SELECT to_char(date_trunc('month', min(created_at)), 'YYYY-MM-DD') AS at FROM audit_logs`,
  );
  yield line({
    type: 'header',
    format: BACKUP_FORMAT,
    version: BACKUP_VERSION,
    at: now.toISOString(),
    schemaOnly,
    migrations: migrations.rows.map(({ name }) => name),
    recordSince: since.rows[0]?.at ?? null,
  });
  for (const table of schemaOnly ? [] : await listTables(client)) {
    yield line({ type: 'table', table: table.name, columns: table.columns });
    rows[table.name] = 0;
    for await (const [text, count] of rowsOf(client, table)) {
      rows[table.name]! += count;
      yield text;
    }
  }
  yield line({ type: 'end', rows });
}

/** Printed by the database and passed on as text: a number that JavaScript would round stays what it is. */
async function* rowsOf(
  client: Client,
  { name, columns }: StoredTable,
): AsyncGenerator<readonly [string, number]> {
  const list = columns.map((column) => `"${column}"`).join(', ');
  const cursor = client.query(
    new Cursor<{ row: string }>(`SELECT row_to_json(t)::text AS row FROM (SELECT ${list} FROM "${name}") t`),
  );
  for (;;) {
    const batch = await cursor.read(BATCH);
    if (batch.length === 0) return;
    yield [batch.map(({ row }) => `${row}\n`).join(''), batch.length];
  }
}

function line(value: BackupHeader | BackupTable | BackupEnd): string {
  return `${JSON.stringify(value)}\n`;
}

/** A full disk, a quota, or a limit of the process on the size of files. */
function isNoSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String((error as { code?: unknown }).code));
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
