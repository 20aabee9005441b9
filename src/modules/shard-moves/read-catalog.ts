import type { Dialect } from '../../common/dialect';
import { collectRows } from '../../drivers/collect-rows';
import type { Source } from '../../drivers/driver';
import type { TableInfo } from '../../drivers/table-info';

/** The tables of the database of a shard, and what of them the common catalog does not tell. */
export interface ShardCatalog {
  readonly tables: readonly TableInfo[];
  /** `schema.table.column` of columns that the database computes. */
  readonly generated: ReadonlySet<string>;
  /** `schema.table` of tables with triggers. */
  readonly triggered: ReadonlySet<string>;
}

const TIMEOUT_MS = 60_000;

/** What, schema, table, column. */
const furtherQueries: Partial<Readonly<Record<Dialect, string>>> = {
  mysql: `select 'generated', table_schema, table_name, column_name from information_schema.columns
      where table_schema = database() and generation_expression <> ''
    union all select 'triggered', event_object_schema, event_object_table, '' from information_schema.triggers
      where event_object_schema = database()
    union all select 'current', database(), '', ''`,
  postgresql: `select 'generated', n.nspname::text, c.relname::text, a.attname::text from pg_catalog.pg_attribute a
      join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where a.attgenerated <> '' and not a.attisdropped
    union all select 'triggered', n.nspname::text, c.relname::text, '' from pg_catalog.pg_trigger t
      join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where not t.tgisinternal
    union all select 'partition', n.nspname::text, c.relname::text, '' from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relispartition`,
};

export async function readCatalog(
  source: Source,
  dialect: Dialect,
  signal: AbortSignal,
): Promise<ShardCatalog> {
  const further = await collectRows(source, furtherQueries[dialect] ?? '', signal, TIMEOUT_MS);
  const named = (what: string, parts: number): Set<string> =>
    new Set(
      further
        .filter(([one]) => one === what)
        .map((row) =>
          row
            .slice(1, 1 + parts)
            .map(String)
            .join('.'),
        ),
    );
  const [current] = named('current', 1);
  const partitions = named('partition', 2);
  const all = await source.introspect(signal);
  return {
    // A partition is part of its table; another database of the server is none of ours.
    tables: all.filter(
      ({ schema, name, kind }) =>
        kind === 'table' &&
        (current === undefined || schema === current) &&
        !partitions.has(`${schema}.${name}`),
    ),
    generated: named('generated', 3),
    triggered: named('triggered', 2),
  };
}
