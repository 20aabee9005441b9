import type { QueryOutcome } from './query-result';
import { digestOf } from './digest-of';

/** Results above this, and those that are not cached, are hashed only for whoever asks: half a millisecond a MiB. */
const HASHED_BYTES = 1024 * 1024;

type Head = Pick<QueryOutcome, 'columns' | 'count' | 'truncated' | 'digest'>;

/** With the digest of what is not too large, so that whoever has it already need not get it again. */
export function digested(outcome: QueryOutcome): QueryOutcome {
  const { data } = outcome;
  return data.length <= HASHED_BYTES ? { ...outcome, digest: digestOf(data) } : outcome;
}

/** A result as it lies in the cache: length of the head (4) · head · rows, in one piece of memory. */
export function pack({ columns, count, truncated, digest, data }: QueryOutcome): Buffer {
  const head: Head = { columns, count, truncated, digest: digest ?? digestOf(data) };
  const text = Buffer.from(JSON.stringify(head));
  // Not from the pool: an entry would hold on to a slab of it.
  const packed = Buffer.allocUnsafeSlow(4 + text.length + data.length);
  packed.writeUInt32BE(text.length, 0);
  text.copy(packed, 4);
  data.copy(packed, 4 + text.length);
  return packed;
}

/** Nobody may change the rows: a hit sends the very bytes that were kept. */
export function unpack(packed: Buffer): QueryOutcome {
  const end = 4 + packed.readUInt32BE(0);
  const head = JSON.parse(packed.toString('utf8', 4, end)) as Head;
  return { ...head, data: packed.subarray(end), affectedRows: null };
}
