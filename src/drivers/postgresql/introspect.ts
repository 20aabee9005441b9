import { groupBy } from '../../common/group-by';
import type { Cell, Row } from '../cell';
import { RawJson } from '../cell';
import { collectRows } from '../collect-rows';
import type { Source } from '../driver';
import type { ColumnInfo, ForeignKeyInfo, IndexInfo, TableInfo } from '../table-info';
import { builtinTypes } from './builtin-types';

const timeoutMs = 60_000;

/** relkind: r table, p partitioned table, v view, m materialised view, f foreign table. */
const kinds: Readonly<Record<string, TableInfo['kind']>> = {
  r: 'table',
  p: 'table',
  v: 'view',
  m: 'materialized_view',
  f: 'foreign_table',
};

/** Relations of every schema that is not the system's or a session's own. */
const relations = `
  pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
   and n.nspname !~ '^pg_(toast_)?temp_'`;

const tableQuery = `
  select c.oid, n.nspname, c.relname, c.relkind, pg_catalog.obj_description(c.oid, 'pg_class'), c.reltuples
  from ${relations}
  where c.relkind in ('r', 'p', 'v', 'm', 'f')
  order by n.nspname, c.relname`;

/** The element of an array, the base of a domain: what decides how a column is read. */
const columnQuery = `
  select a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
         case when b.typtype = 'd' then b.typbasetype else b.oid end, b.typtype, b.typcategory,
         not a.attnotnull, pg_catalog.pg_get_expr(d.adbin, d.adrelid),
         coalesce(a.attnum = any (k.conkey), false), pg_catalog.col_description(a.attrelid, a.attnum)
  from ${relations}
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type b on b.oid = a.atttypid
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  left join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
  where c.relkind in ('r', 'p', 'v', 'm', 'f')
  order by a.attrelid, a.attnum`;

const indexQuery = `
  select i.indrelid, x.relname, i.indisunique,
         pg_catalog.to_json(array(
           select coalesce(a.attname::text, pg_catalog.pg_get_indexdef(i.indexrelid, s.ord::int, true))
           from pg_catalog.unnest(i.indkey::int2[]) with ordinality s (attnum, ord)
           left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = s.attnum and s.attnum > 0
           where s.ord <= i.indnkeyatts order by s.ord))
  from ${relations}
  join pg_catalog.pg_index i on i.indrelid = c.oid
  join pg_catalog.pg_class x on x.oid = i.indexrelid
  order by i.indrelid, x.relname`;

const foreignKeyQuery = `
  select k.conrelid, k.conname, fn.nspname, f.relname,
         pg_catalog.to_json(array(select a.attname::text from pg_catalog.unnest(k.conkey) with ordinality s (attnum, ord)
           join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = s.attnum order by s.ord)),
         pg_catalog.to_json(array(select a.attname::text from pg_catalog.unnest(k.confkey) with ordinality s (attnum, ord)
           join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = s.attnum order by s.ord))
  from ${relations}
  join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.contype = 'f'
  join pg_catalog.pg_class f on f.oid = k.confrelid
  join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
  order by k.conrelid, k.conname`;

/** The whole catalog in four statements, whatever the number of tables. */
export async function introspect(source: Pick<Source, 'query'>, signal: AbortSignal): Promise<TableInfo[]> {
  const tables = await collectRows(source, tableQuery, signal, timeoutMs);
  const columns = groupBy(await collectRows(source, columnQuery, signal, timeoutMs), oidOf);
  const indexes = groupBy(await collectRows(source, indexQuery, signal, timeoutMs), oidOf);
  const foreignKeys = groupBy(await collectRows(source, foreignKeyQuery, signal, timeoutMs), oidOf);
  return tables.map(([oid, schema, name, kind, comment, tuples]) => ({
    schema: schema as string,
    name: name as string,
    kind: kinds[kind as string] ?? 'table',
    comment: comment as string | null,
    // -1 where the table was never analysed; views have no rows of their own
    rowEstimate: kind === 'v' || Number(tuples) < 0 ? null : Number(tuples),
    columns: (columns.get(oid) ?? []).map(columnInfo),
    indexes: (indexes.get(oid) ?? []).map(indexInfo),
    foreignKeys: (foreignKeys.get(oid) ?? []).map(foreignKeyInfo),
  }));
}

/** Of the table. */
function oidOf([oid]: Row): Cell | undefined {
  return oid;
}

function columnInfo([
  ,
  name,
  native,
  type,
  kind,
  category,
  nullable,
  expression,
  key,
  comment,
]: Row): ColumnInfo {
  const known = builtinTypes.get(type as number)?.type;
  const text = kind === 'e' || (kind === 'b' && category === 'S');
  return {
    name: name as string,
    type: known ?? (category === 'A' ? 'array' : text ? 'text' : 'other'),
    nativeType: native as string,
    nullable: nullable as boolean,
    defaultExpression: expression as string | null,
    primaryKey: key as boolean,
    comment: comment as string | null,
  };
}

function indexInfo([, name, unique, columns]: Row): IndexInfo {
  return { name: name as string, unique: unique as boolean, columns: names(columns) };
}

function foreignKeyInfo([, name, schema, table, columns, referenced]: Row): ForeignKeyInfo {
  return {
    name: name as string,
    columns: names(columns),
    referencedSchema: schema as string,
    referencedTable: table as string,
    referencedColumns: names(referenced),
  };
}

function names(cell: Cell | undefined): string[] {
  return cell instanceof RawJson ? (JSON.parse(cell.text) as string[]) : [];
}
