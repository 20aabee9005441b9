import type { ClientBase } from 'pg';

export interface StoredTable {
  readonly name: string;
  /** Without those that the database computes. */
  readonly columns: readonly string[];
}

/** Counters that start anew after a crash, too, and what the migrations write themselves. */
const LEFT_OUT = ['rate_limits', 'schema_migrations'];

/** Every table of the service, each after those that it refers to. */
export async function listTables(client: ClientBase): Promise<StoredTable[]> {
  const { rows } = await client.query<{ name: string; columns: string[]; needs: string[] }>(
    `SELECT c.relname AS name,
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
       coalesce((SELECT array_agg(DISTINCT f.confrelid::regclass::text) FROM pg_constraint f
        WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid), '{}') AS needs
     FROM pg_class c
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND NOT c.relname = ANY($1::text[])
     ORDER BY 1`,
    [LEFT_OUT],
  );
  const sorted: StoredTable[] = [];
  const left = [...rows];
  while (left.length > 0) {
    const at = left.findIndex(({ needs }) => !left.some(({ name }) => needs.includes(name)));
    const [next] = left.splice(at, 1);
    if (at === -1 || !next) throw new Error('the tables refer to each other in a circle');
    sorted.push({ name: next.name, columns: next.columns });
  }
  return sorted;
}
