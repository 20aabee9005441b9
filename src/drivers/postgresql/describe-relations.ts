import type {
  DescribedColumn,
  RelationDescription,
  RelationName,
  RelationVersion,
} from '../../common/relation-description';
import { RawJson, type Cell } from '../cell';
import type { QueryRequest, Source } from '../driver';

const timeoutMs = 60_000;

/** relkind: r table, p partitioned table, v view, m materialised view, f foreign table. */
const kinds: Readonly<Record<string, RelationDescription['kind']>> = {
  r: 'table',
  p: 'table',
  v: 'view',
  m: 'materialized_view',
  f: 'foreign_table',
};

/** Partitions and children at any distance, in one direction; `c` is the relation. */
const family = (from: string, to: string): string => `
  with recursive family (oid) as (
    select i.${to} from pg_catalog.pg_inherits i where i.${from} = c.oid
    union select i.${to} from family f join pg_catalog.pg_inherits i on i.${from} = f.oid)`;

/**
 * Changes with whatever a description says. xmin is the transaction that wrote a row of the catalog; ANALYZE and VACUUM
 * overwrite in place and leave it alone. A view's text is a row of pg_rewrite.
 */
const version = `pg_catalog.md5(pg_catalog.concat_ws(';', c.oid, c.xmin, c.relkind,
  (select pg_catalog.string_agg(a.attnum || ':' || a.xmin, ',' order by a.attnum)
   from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0),
  (select pg_catalog.string_agg(r.oid || ':' || r.xmin, ',' order by r.oid)
   from pg_catalog.pg_rewrite r where r.ev_class = c.oid),
  (${family('inhrelid', 'inhparent')} select pg_catalog.string_agg(f.oid::text, ',' order by f.oid) from family f),
  (${family('inhparent', 'inhrelid')} select pg_catalog.string_agg(f.oid::text, ',' order by f.oid) from family f)))`;

const names = (from: string, to: string): string => `(${family(from, to)}
  select pg_catalog.json_agg(pg_catalog.json_build_object('schema', n.nspname, 'name', r.relname) order by r.oid)
  from family f join pg_catalog.pg_class r on r.oid = f.oid join pg_catalog.pg_namespace n on n.oid = r.relnamespace)`;

const found = `
  left join pg_catalog.pg_namespace n on n.nspname = e.schema
  left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = e.name
    and c.relkind in ('r', 'p', 'v', 'm', 'f')`;

/**
 * Columns that a generated column is computed from. The expression depends on them, up to PostgreSQL 13 the column
 * itself; a generated column cannot read another one (manual 5.4).
 */
const computedFrom = `(
  select coalesce(pg_catalog.json_agg(distinct u.attname), '[]')
  from pg_catalog.pg_depend g join pg_catalog.pg_attribute u on u.attrelid = g.refobjid and u.attnum = g.refobjsubid
  where g.refclassid = 1259 and g.refobjid = a.attrelid and g.refobjsubid not in (0, a.attnum)
    and (g.classid = 1259 and g.objid = a.attrelid and g.objsubid = a.attnum
      or g.classid = 2604 and g.objid = (
        select x.oid from pg_catalog.pg_attrdef x where x.adrelid = a.attrelid and x.adnum = a.attnum)))`;

/**
 * With an empty search_path the server prints every name of a definition or type with its schema; only what is read
 * behind the setting is printed under it. The transaction's end takes it back.
 */
const describeQuery = `
  with path as materialized (select pg_catalog.set_config('search_path', '', true) as setting)
  select c.relkind::text,
    case when path.setting = '' then (
      select pg_catalog.json_agg(pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
        'name', a.attname,
        'type', pg_catalog.format_type(
          case when b.typtype = 'd' then b.typbasetype else a.atttypid end,
          case when b.typtype = 'd' then b.typtypmod else a.atttypmod end),
        'textual', b.typcategory = 'S', 'visible', true,
        'computedFrom', case when a.attgenerated <> '' then ${computedFrom} end)) order by a.attnum)
      from pg_catalog.pg_attribute a join pg_catalog.pg_type b on b.oid = a.atttypid
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) end,
    (select pg_catalog.json_agg(a.attname order by a.attnum)
     from pg_catalog.pg_constraint k
     join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey)
     where k.conrelid = c.oid and k.contype = 'p'),
    case when path.setting = '' and c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end,
    ${names('inhrelid', 'inhparent')},
    ${names('inhparent', 'inhrelid')},
    ${version}
  from path cross join unnest($1::text[], $2::text[]) with ordinality e (schema, name, place)
  ${found}
  order by e.place`;

/** Relations in the order asked, `null` where there is none of that name. */
export async function describeRelations(
  source: Pick<Source, 'query'>,
  relations: readonly RelationName[],
  signal: AbortSignal,
): Promise<(RelationDescription | null)[]> {
  const request: QueryRequest = {
    text: describeQuery,
    values: [arrayText(relations.map(({ schema }) => schema)), arrayText(relations.map(({ name }) => name))],
    access: 'read',
    timeoutMs,
  };
  await using cursor = await source.query(request, signal);
  const rows = await cursor.read(relations.length + 1);
  return rows.map(([kind, columns, key, definition, ancestors, descendants, current], index) =>
    kind === null
      ? null
      : {
          ...relations[index]!,
          kind: kinds[kind as string] ?? 'table',
          columns: listOf<DescribedColumn>(columns),
          primaryKey: listOf<string>(key),
          definition: (definition ?? null) as string | null,
          ancestors: listOf<RelationName>(ancestors),
          descendants: listOf<RelationName>(descendants),
          version: current as string,
        },
  );
}

function listOf<T>(cell: Cell | undefined): T[] {
  return cell instanceof RawJson ? (JSON.parse(cell.text) as T[]) : [];
}

/** One row, whose cell is `t` while every relation has the version expected of it, `null` for not being there. */
export const expectationQuery = `
  select pg_catalog.bool_and(case when c.oid is null then null else ${version} end is not distinct from e.version)
  from unnest($1::text[], $2::text[], $3::text[]) e (schema, name, version) ${found}`;

/** Parameters of `expectationQuery` as the protocol takes them. */
export function expectationValues(expected: readonly RelationVersion[]): string[] {
  return [
    arrayText(expected.map(({ schema }) => schema)),
    arrayText(expected.map(({ name }) => name)),
    arrayText(expected.map((relation) => relation.version)),
  ];
}

/** The text form of an array of text (manual 8.15.2). */
function arrayText(items: readonly (string | null)[]): string {
  return `{${items.map((item) => (item === null ? 'NULL' : `"${item.replace(/["\\]/g, '\\$&')}"`)).join(',')}}`;
}
