import { groupBy } from '../../common/group-by';
import type { CanonicalType, Row } from '../cell';
import { collectRows } from '../collect-rows';
import type { Source } from '../driver';
import type { ColumnInfo, ForeignKeyInfo, IndexInfo, TableInfo } from '../table-info';

const timeoutMs = 60_000;

const notSystem = "not in ('mysql', 'information_schema', 'performance_schema', 'sys')";

const tableQuery = `
  select table_schema, table_name, table_type, table_comment, table_rows
  from information_schema.tables where table_schema ${notSystem}
  order by table_schema, table_name`;

const columnQuery = `
  select table_schema, table_name, column_name, data_type, column_type, is_nullable, column_default, column_key,
         column_comment
  from information_schema.columns where table_schema ${notSystem}
  order by table_schema, table_name, ordinal_position`;

const indexQuery = `
  select table_schema, table_name, index_name, column_name, non_unique
  from information_schema.statistics where table_schema ${notSystem}
  order by table_schema, table_name, index_name, seq_in_index`;

const foreignKeyQuery = `
  select table_schema, table_name, constraint_name, column_name, referenced_table_schema, referenced_table_name,
         referenced_column_name
  from information_schema.key_column_usage
  where referenced_table_name is not null and table_schema ${notSystem}
  order by table_schema, table_name, constraint_name, ordinal_position`;

/** DATA_TYPE of information_schema.COLUMNS. */
const types: Readonly<Record<string, CanonicalType>> = {
  tinyint: 'integer',
  smallint: 'integer',
  mediumint: 'integer',
  int: 'integer',
  year: 'integer',
  bigint: 'bigint',
  decimal: 'decimal',
  float: 'float',
  double: 'float',
  date: 'date',
  time: 'time',
  datetime: 'timestamp',
  timestamp: 'timestamptz',
  json: 'json',
  uuid: 'uuid',
  char: 'text',
  varchar: 'text',
  tinytext: 'text',
  text: 'text',
  mediumtext: 'text',
  longtext: 'text',
  enum: 'text',
  set: 'text',
  binary: 'bytes',
  varbinary: 'bytes',
  tinyblob: 'bytes',
  blob: 'bytes',
  mediumblob: 'bytes',
  longblob: 'bytes',
  vector: 'bytes',
  geometry: 'bytes',
  point: 'bytes',
  linestring: 'bytes',
  polygon: 'bytes',
  multipoint: 'bytes',
  multilinestring: 'bytes',
  multipolygon: 'bytes',
  geometrycollection: 'bytes',
  geomcollection: 'bytes',
};

/** The whole catalog in four statements, whatever the number of tables. */
export async function introspect(source: Pick<Source, 'query'>, signal: AbortSignal): Promise<TableInfo[]> {
  const tables = await collectRows(source, tableQuery, signal, timeoutMs);
  const columns = groupBy(await collectRows(source, columnQuery, signal, timeoutMs), keyOf);
  const indexes = groupBy(await collectRows(source, indexQuery, signal, timeoutMs), keyOf);
  const foreignKeys = groupBy(await collectRows(source, foreignKeyQuery, signal, timeoutMs), keyOf);
  return tables.map((row) => {
    const [schema, name, kind, comment, rows] = row;
    const key = keyOf(row);
    const view = kind !== 'BASE TABLE' && kind !== 'SYSTEM VERSIONED';
    return {
      schema: schema as string,
      name: name as string,
      kind: view ? 'view' : 'table',
      // information_schema writes VIEW where a view's comment would be
      comment: view || comment === '' ? null : (comment as string),
      rowEstimate: rows === null || view ? null : Number(rows),
      columns: (columns.get(key) ?? []).map(columnInfo),
      indexes: parts(indexes.get(key) ?? []).map(indexInfo),
      foreignKeys: parts(foreignKeys.get(key) ?? []).map(foreignKeyInfo),
    };
  });
}

/** The table in the first two cells. */
function keyOf([schema, name]: Row): string {
  return `${schema as string}\0${name as string}`;
}

/** The rows of one index or key each, by the name in the third cell. */
function parts(rows: readonly Row[]): Row[][] {
  return [...groupBy(rows, (row) => row[2]).values()];
}

function columnInfo([, , name, type, native, nullable, expression, key, comment]: Row): ColumnInfo {
  return {
    name: name as string,
    type: types[type as string] ?? 'other',
    nativeType: native as string,
    nullable: nullable === 'YES',
    // MariaDB writes the word NULL for a column without a default
    defaultExpression: expression === null || expression === 'NULL' ? null : (expression as string),
    primaryKey: key === 'PRI',
    comment: comment === '' ? null : (comment as string),
  };
}

function indexInfo(rows: readonly Row[]): IndexInfo {
  const [, , name, , nonUnique] = rows[0]!;
  return {
    name: name as string,
    unique: Number(nonUnique) === 0,
    // an index on an expression has no column there
    columns: rows.map((row) => (row[3] as string | null) ?? '(expression)'),
  };
}

function foreignKeyInfo(rows: readonly Row[]): ForeignKeyInfo {
  const [, , name, , schema, table] = rows[0]!;
  return {
    name: name as string,
    columns: rows.map((row) => row[3] as string),
    referencedSchema: schema as string,
    referencedTable: table as string,
    referencedColumns: rows.map((row) => row[6] as string),
  };
}
