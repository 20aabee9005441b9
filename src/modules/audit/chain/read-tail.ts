import type { EntityManager } from 'typeorm';
import { entryHash, NO_HASH, uuidBytes } from './chain-hash';
import { OpenSegment, type Segment } from './segment';
import { canonicalOf, storedColumns, type StoredRecord } from './stored-record';

const PAGE = 1000;

export interface Tail {
  readonly segments: readonly Segment[];
  /** Number of the last record that is linked as it should be; 0 for a chain without any. */
  readonly lastSeq: number;
  /** Number of the first record that is missing or not as it was linked. */
  readonly brokenAt: number | null;
}

/** What a chain holds beyond its last segment, recomputed from the records. */
export async function readTail(manager: Pick<EntityManager, 'query'>, chain: string): Promise<Tail> {
  const [last]: { to_seq: string; head: Buffer }[] = await manager.query(
    'SELECT to_seq, head FROM audit_segments WHERE chain_id = $1 ORDER BY from_seq DESC LIMIT 1',
    [chain],
  );
  const bytes = uuidBytes(chain);
  let seq = Number(last?.to_seq ?? 0);
  let hash = last?.head ?? NO_HASH;
  const segments: Segment[] = [];
  let open: OpenSegment | null = null;
  let brokenAt: number | null = null;
  for (let more = true; more && brokenAt === null;) {
    const rows: StoredRecord[] = await manager.query(
      `SELECT ${storedColumns} FROM audit_logs l WHERE chain_id = $1 AND chain_seq > $2 ORDER BY chain_seq LIMIT ${PAGE}`,
      [chain, seq],
    );
    for (const row of rows) {
      const link: Buffer = entryHash(bytes, seq + 1, hash, canonicalOf(row).text);
      if (Number(row.chain_seq) !== seq + 1 || !row.entry_hash?.equals(link)) {
        brokenAt = seq + 1;
        break;
      }
      const month = row.at.slice(0, 7);
      if (open && open.month !== month) {
        segments.push(open.close());
        open = null;
      }
      open ??= new OpenSegment(chain, seq + 1, hash, month);
      open.add(link);
      seq += 1;
      hash = link;
    }
    more = rows.length === PAGE;
  }
  if (open) segments.push(open.close());
  return { segments, lastSeq: seq, brokenAt };
}
