import type { EntityManager } from 'typeorm';
import type { Segment } from './segment';

/** Makes segments durable. A segment that is there already is left as it is: an answer may have been lost before. */
export async function saveSegments(
  manager: Pick<EntityManager, 'query'>,
  segments: readonly Segment[],
): Promise<void> {
  if (segments.length === 0) return;
  const columns = (['chain', 'from', 'to', 'month', 'previous', 'head', 'tree'] as const).map((name) =>
    segments.map((segment) => segment[name]),
  );
  await manager.query(
    `INSERT INTO audit_segments (chain_id, from_seq, to_seq, month, previous, head, tree)
     SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::bytea[], $6::bytea[], $7::bytea[])
     ON CONFLICT (chain_id, from_seq) DO NOTHING`,
    columns,
  );
}
