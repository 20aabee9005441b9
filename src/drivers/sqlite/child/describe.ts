import { createHash } from 'node:crypto';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import type { CatalogColumn, CatalogEntry } from '../protocol';

type Fields = Readonly<Record<string, unknown>>;

export const fold = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Words and quoted names of a piece of SQL; strings count, because arguments of modules are quoted either way. */
const words = /"((?:[^"]|"")*)"|'((?:[^']|'')*)'|`((?:[^`]|``)*)`|\[([^\]]*)\]|[\w$\u0080-\uffff]+/g;

function wordsOf(sql: string): string[] {
  return [...sql.matchAll(words)].map((match) => {
    const [whole, double, single, back, bracket] = match;
    return fold(
      double?.replaceAll('""', '"') ??
        single?.replaceAll("''", "'") ??
        back?.replaceAll('``', '`') ??
        bracket ??
        whole,
    );
  });
}

/** Columns in the order of `SELECT *`; none for a view that can no longer be compiled. */
function columnsOf(db: DatabaseSyncInstance, name: string): CatalogColumn[] {
  try {
    const rows = db
      .prepare('select name, type, pk, hidden from pragma_table_xinfo(?) order by cid')
      .all(name) as Fields[];
    return rows.map((row) => ({
      name: String(row['name']),
      type: String(row['type']),
      key: Number(row['pk']),
      // https://sqlite.org/pragma.html#pragma_table_xinfo: 1 hidden, 2 and 3 generated
      hidden: Number(row['hidden']) === 1,
      generated: Number(row['hidden']) > 1,
    }));
  } catch {
    return [];
  }
}

/**
 * Tables whose rows a virtual table or one of its shadow tables shows: those its arguments name (`content='t'` of
 * full-text search, the table of fts5vocab) at any distance. A word that happens to be the name of a table counts.
 */
function sourcesOf(db: DatabaseSyncInstance, name: string, isShadow: boolean): string[] {
  const relations = db
    .prepare("select name, sql from sqlite_schema where type in ('table', 'view')")
    .all() as Fields[];
  // samples of indexed values (https://sqlite.org/fileformat2.html#the_sqlite_stat4_table)
  if (/^sqlite_stat[34]$/i.test(name))
    return relations
      .map((row) => String(row['name']))
      .filter((each) => each !== name)
      .toSorted();
  const names = new Map(relations.map((row) => [fold(String(row['name'])), String(row['name'])]));
  const modules = new Map(
    relations.flatMap((row): [string, string][] => {
      const definition = /^create\s+virtual\s+table\b.*?\busing\b(.*)$/is.exec(String(row['sql']))?.[1];
      return definition === undefined ? [] : [[fold(String(row['name'])), definition]];
    }),
  );
  const found = new Set<string>();
  const follow = (relation: string): void => {
    for (const word of wordsOf(modules.get(relation) ?? '')) {
      if (found.has(word) || word === fold(name) || !names.has(word)) continue;
      found.add(word);
      follow(word);
    }
  };
  if (isShadow) {
    for (const owner of modules.keys()) {
      if (!fold(name).startsWith(`${owner}_`)) continue;
      found.add(owner);
      follow(owner);
    }
  } else follow(fold(name));
  return [...found].map((word) => names.get(word) ?? word).toSorted();
}

/** A virtual table reads its shadow tables with statements of its own, and those of what it shows. */
function companionsOf(db: DatabaseSyncInstance, name: string): string[] {
  const sources = sourcesOf(db, name, false);
  const owners = [name, ...sources].map(fold);
  const shadows = db
    .prepare("select name from pragma_table_list where schema = 'main' and type = 'shadow'")
    .all() as Fields[];
  return [
    ...sources,
    ...shadows
      .map((row) => String(row['name']))
      .filter((shadow) => owners.some((owner) => fold(shadow).startsWith(`${owner}_`))),
  ];
}

const rowidNames = ['rowid', '_rowid_', 'oid'];

/** https://sqlite.org/lang_createtable.html#rowid: a name of the row id that no column of the table takes, if it has one. */
function rowidOf(
  db: DatabaseSyncInstance,
  name: string,
  columns: readonly CatalogColumn[],
  withoutRowid: boolean,
): string | null {
  if (withoutRowid) return null;
  const [key, second] = columns.filter((column) => column.key > 0);
  if (key && !second && key.type.toUpperCase() === 'INTEGER') {
    const own = db.prepare("select count(*) as n from pragma_index_list(?) where origin = 'pk'").get(name);
    if (Number(own?.['n']) === 0) return null;
  }
  const taken = new Set(columns.map((column) => fold(column.name)));
  return rowidNames.find((candidate) => !taken.has(candidate)) ?? null;
}

/** The schema is a table of the file that is not in itself (https://sqlite.org/schematab.html). */
const schemaTables = new Set(['sqlite_schema', 'sqlite_master']);

function schemaEntry(db: DatabaseSyncInstance, name: string): Omit<CatalogEntry, 'version'> {
  return {
    name,
    isView: false,
    sql: '',
    rootPage: 1,
    columns: columnsOf(db, name),
    rowid: 'rowid',
    companions: [],
    sources: [],
  };
}

function entryOf(db: DatabaseSyncInstance, asked: string): Omit<CatalogEntry, 'version'> | null {
  if (schemaTables.has(fold(asked))) return schemaEntry(db, fold(asked));
  const row = db
    .prepare(
      "select name, type, sql, rootpage from sqlite_schema where type in ('table', 'view') and name = ? collate nocase",
    )
    .get(asked) as Fields | undefined;
  if (row === undefined) return null;
  const name = String(row['name']);
  const listed = db.prepare("select type, wr from pragma_table_list(?) where schema = 'main'").get(name) as
    Fields | undefined;
  const columns = columnsOf(db, name);
  const isView = row['type'] === 'view';
  const isVirtual = listed?.['type'] === 'virtual';
  const isShadow = listed?.['type'] === 'shadow';
  return {
    name,
    isView,
    sql: typeof row['sql'] === 'string' ? row['sql'] : '',
    rootPage: Number(row['rootpage'] ?? 0),
    columns,
    rowid: isView || isVirtual ? null : rowidOf(db, name, columns, Number(listed?.['wr']) === 1),
    companions: isVirtual ? companionsOf(db, name) : [],
    sources: isVirtual || isShadow || /^sqlite_stat/i.test(name) ? sourcesOf(db, name, isShadow) : [],
  };
}

/**
 * The catalog on one name, by the rules of SQLite for names. The version holds the schema cookie, which every change of
 * the schema raises (https://sqlite.org/pragma.html#pragma_schema_version), and a digest against another file of the
 * same path. Entries are kept while the cookie stands.
 */
export class Catalog {
  #cookie: number | null = null;
  #entries = new Map<string, CatalogEntry | null>();

  constructor(private readonly db: DatabaseSyncInstance) {}

  entry(name: string): CatalogEntry | null {
    const cookie = Number(this.db.prepare('pragma schema_version').get()?.['schema_version']);
    if (cookie !== this.#cookie) {
      this.#cookie = cookie;
      this.#entries = new Map();
    }
    const key = fold(name);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const found = entryOf(this.db, name);
    const entry = found && { ...found, version: versionOf(cookie, found) };
    // names that are not there are asked by anybody, in any number
    if (entry !== null) this.#entries.set(key, entry);
    return entry;
  }
}

function versionOf(cookie: number, entry: Omit<CatalogEntry, 'version'>): string {
  const digest = createHash('sha256').update(JSON.stringify(entry)).digest('base64url');
  return `${cookie}.${digest.slice(0, 22)}`;
}
