import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { addToGroup } from '../../../common/add-to-group';
import { groupBy } from '../../../common/group-by';
import type { ColumnInfo, ForeignKeyInfo, IndexInfo, TableInfo } from '../../table-info';
import { typeOfDeclared, typeOfValues } from '../column-type';

type Fields = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** One statement for all tables; table by table only when one of them (a view on a lost table) cannot be described. */
function describeAll(
  db: DatabaseSyncInstance,
  names: readonly string[],
  describe: string,
): Map<string, Fields[]> {
  const byTable = new Map<string, Fields[]>();
  const add = (rows: readonly Fields[]): void => {
    for (const row of rows) addToGroup(byTable, text(row['owner']), row);
  };
  const statement = (condition: string): string =>
    describe.replace(
      '$owners',
      `(select name as owner from sqlite_schema where type in ('table', 'view') ${condition})`,
    );
  try {
    add(db.prepare(statement('')).all() as Fields[]);
  } catch {
    byTable.clear();
    const one = db.prepare(statement('and name = ?'));
    for (const name of names) {
      try {
        add(one.all(name) as Fields[]);
      } catch {
        // a view that cannot be compiled has no columns to describe; the others do
      }
    }
  }
  return byTable;
}

function columnOf(row: Fields, withoutRowid: boolean): ColumnInfo {
  const declared = text(row['type']);
  const primaryKey = Number(row['pk']) > 0;
  // https://sqlite.org/lang_createtable.html#the_primary_key: elsewhere a primary key may hold NULL
  const never = primaryKey && (withoutRowid || declared.toUpperCase() === 'INTEGER');
  return {
    name: text(row['name']),
    type: typeOfDeclared(declared) ?? typeOfValues(declared, []),
    nativeType: declared,
    nullable: Number(row['notnull']) === 0 && !never,
    defaultExpression: textOrNull(row['dflt_value']),
    primaryKey,
    comment: null,
  };
}

function indexOf(rows: readonly Fields[]): IndexInfo {
  return {
    name: text(rows[0]?.['indexName']),
    columns: rows.map((row) => textOrNull(row['column']) ?? '(expression)'),
    unique: Number(rows[0]?.['unique']) === 1,
  };
}

/** SQLite keeps no names of foreign keys where its catalog functions can see them: they are numbered instead. */
function foreignKeyOf(rows: readonly Fields[], keyOf: (table: string) => readonly string[]): ForeignKeyInfo {
  const table = text(rows[0]?.['table']);
  const named = rows.map((row) => textOrNull(row['to'])).filter((name) => name !== null);
  return {
    name: `fk_${text(rows[0]?.['owner'])}_${String(rows[0]?.['id'])}`,
    columns: rows.map((row) => text(row['from'])),
    referencedSchema: null,
    referencedTable: table,
    referencedColumns: named.length > 0 ? named : keyOf(table),
  };
}

/** Row counts that ANALYZE left behind: the first number of an entry (https://sqlite.org/fileformat2.html#stat1tab). */
function estimates(db: DatabaseSyncInstance): Map<string, number> {
  try {
    const rows = db
      .prepare('select tbl, max(cast(stat as integer)) as n from sqlite_stat1 group by tbl')
      .all();
    return new Map((rows as Fields[]).map((row) => [text(row['tbl']), Number(row['n'])]));
  } catch {
    return new Map();
  }
}

/** The whole catalog in five statements, however many tables there are. */
export function introspect(db: DatabaseSyncInstance): TableInfo[] {
  const listed = (
    db
      .prepare(
        "select name, type, wr from pragma_table_list where schema = 'main' and type <> 'shadow' order by name",
      )
      .all() as Fields[]
  ).filter((row) => !text(row['name']).toLowerCase().startsWith('sqlite_'));
  const names = listed.map((row) => text(row['name']));
  const columns = describeAll(
    db,
    names,
    'select o.owner, c.* from $owners o join pragma_table_xinfo(o.owner) c where c.hidden <> 1 order by o.owner, c.cid',
  );
  const indexes = describeAll(
    db,
    names,
    `select o.owner, i.name as indexName, i."unique", c.name as "column" from $owners o
     join pragma_index_list(o.owner) i join pragma_index_info(i.name) c order by o.owner, i.name, c.seqno`,
  );
  const foreignKeys = describeAll(
    db,
    names,
    'select o.owner, f.* from $owners o join pragma_foreign_key_list(o.owner) f order by o.owner, f.id, f.seq',
  );
  const rows = estimates(db);
  const keyOf = (table: string): string[] =>
    (columns.get(table) ?? [])
      .filter((row) => Number(row['pk']) > 0)
      .toSorted((left, right) => Number(left['pk']) - Number(right['pk']))
      .map((row) => text(row['name']));
  return listed.map((row): TableInfo => {
    const name = text(row['name']);
    return {
      schema: null,
      name,
      kind: row['type'] === 'view' ? 'view' : 'table',
      comment: null,
      rowEstimate: rows.get(name) ?? null,
      columns: (columns.get(name) ?? []).map((column) => columnOf(column, Number(row['wr']) === 1)),
      indexes: [...groupBy(indexes.get(name) ?? [], (row) => row['indexName']).values()].map(indexOf),
      foreignKeys: [...groupBy(foreignKeys.get(name) ?? [], (row) => row['id']).values()].map((group) =>
        foreignKeyOf(group, keyOf),
      ),
    };
  });
}
