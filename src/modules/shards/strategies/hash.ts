import { createHash } from 'node:crypto';
import type { Strategy } from './strategy';

/** A fixed number of buckets: a key stays in its bucket for ever, and buckets are what moves. */
export const hash: Strategy = {
  slotOf: (key, { bucketCount }) =>
    String(createHash('sha256').update(key).digest().readUIntBE(0, 6) % bucketCount),
  candidatesFor: (_, shards) => shards,
};
