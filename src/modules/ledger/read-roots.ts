import type { Segment } from '../audit/chain/segment';
import type { RootBody } from './root';
import { rootLine, type RootLine } from './root-line';

export interface SegmentRow {
  readonly chain_id: string;
  readonly from_seq: string;
  readonly to_seq: string;
  readonly month: string;
  readonly previous: Buffer;
  readonly head: Buffer;
  readonly tree: Buffer;
}

interface RootRow {
  readonly number: string;
  readonly body: string;
  readonly hash: Buffer;
  readonly key_id: string;
  readonly signature: Buffer;
}

/** A session of pg, as far as it is needed here. */
export interface RowReader {
  query(sql: string, values: unknown[]): Promise<{ rows: unknown[] }>;
}

export const segmentColumns = 'chain_id, from_seq, to_seq, month, previous, head, tree';

/** Roots after `number`, in order, with their segments. */
export async function readRoots(reader: RowReader, number: number, limit: number): Promise<RootLine[]> {
  const roots = (
    await reader.query(
      'SELECT number, body, hash, key_id, signature FROM audit_roots WHERE number > $1 ORDER BY number LIMIT $2',
      [number, limit],
    )
  ).rows as RootRow[];
  const segments = (
    await reader.query(
      `SELECT ${segmentColumns}, root_number FROM audit_segments WHERE root_number = ANY($1::bigint[])
       ORDER BY root_number, root_index`,
      [roots.map((row) => row.number)],
    )
  ).rows as (SegmentRow & { root_number: string })[];
  return roots.map((row) =>
    rootLine(
      {
        body: JSON.parse(row.body) as RootBody,
        text: row.body,
        hash: row.hash,
        keyId: row.key_id,
        signature: row.signature,
      },
      segments.filter((segment) => segment.root_number === row.number).map(segmentOfRow),
    ),
  );
}

export function segmentOfRow(row: SegmentRow): Segment {
  return {
    chain: row.chain_id,
    from: Number(row.from_seq),
    to: Number(row.to_seq),
    month: row.month,
    previous: row.previous,
    head: row.head,
    tree: row.tree,
  };
}
