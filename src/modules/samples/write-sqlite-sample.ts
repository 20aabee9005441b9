import { DatabaseSync } from '@photostructure/sqlite';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { generateShop } from './generate-shop';
import { euros } from './money';
import type { Shop } from './shop';
import { shopTables, type ColumnKind } from './shop-tables';
import { sqliteSampleSchema } from './sqlite-sample-schema';

/**
 * Writes the sample shop as one SQLite file, replacing what was there. It has its name only when it is complete.
 *
 * @throws Error of the file system or of SQLite (a full disk); nothing half-written stays.
 */
export function writeSqliteSample(file: string, shop: Shop = generateShop()): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.new`;
  rmSync(draft, { force: true });
  try {
    fill(draft, shop);
    renameSync(draft, file);
  } finally {
    for (const rest of [draft, `${draft}-journal`]) rmSync(rest, { force: true });
  }
}

function fill(file: string, shop: Shop): void {
  const database = new DatabaseSync(file);
  try {
    database.exec(`PRAGMA foreign_keys = ON; BEGIN; ${sqliteSampleSchema()}`);
    for (const { name, columns } of shopTables) {
      const places = columns.map(() => '?').join(', ');
      const names = columns.map((column) => column.name).join(', ');
      const insert = database.prepare(`INSERT INTO ${name} (${names}) VALUES (${places})`);
      for (const row of shop[name]) {
        const cells = row as unknown as Readonly<Record<string, string | number | boolean | null>>;
        insert.run(...columns.map((column) => valueOf(column.kind, cells[column.name] ?? null)));
      }
    }
    database.exec('COMMIT; PRAGMA optimize;');
  } finally {
    database.close();
  }
}

function valueOf(kind: ColumnKind, cell: string | number | boolean | null): string | number | null {
  if (typeof cell === 'boolean') return cell ? 1 : 0;
  return kind === 'money' && typeof cell === 'number' ? euros(cell) : cell;
}
