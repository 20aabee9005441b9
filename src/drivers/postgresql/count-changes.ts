/** The first OID that is not the server's own (access/transam.h, FirstNormalObjectId). */
const firstUserOid = 16_384;

/**
 * Rows that this session has inserted, updated and deleted and not reported yet, by whatever did it: the statement itself,
 * writes in its WITH clauses, triggers, cascades, functions. It grows within a transaction, but does not begin at zero:
 * sessions report at most once a second (manual, "The Cumulative Statistics System"). A row that an UPDATE moves to another
 * partition counts twice.
 */
export const changedRowsQuery = `select coalesce(sum(pg_stat_get_xact_tuples_inserted(oid)
  + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid)), 0)
  from pg_catalog.pg_class where oid >= ${firstUserOid} and relkind in ('r', 'm')`;

/** What a command tag says of changed rows: the server does not count those of foreign tables, or with track_counts off. */
export function changedRowsOf(tag: string | null | undefined): number {
  return Number(/^(?:INSERT \d+|UPDATE|DELETE|MERGE) (\d+)$/.exec(tag ?? '')?.[1] ?? 0);
}
