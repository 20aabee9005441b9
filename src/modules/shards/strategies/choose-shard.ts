import { createHash } from 'node:crypto';
import type { Shard } from '../shard-map';

/**
 * The shard a new slot goes to: rendezvous hashing (Thaler, Ravishankar 1998), so that slots spread evenly without
 * counting, and another shard takes its share of the new ones without changing where the rest would go.
 */
export function chooseShard(slot: string, candidates: readonly Shard[]): Shard | null {
  let best: Shard | null = null;
  let bestWeight = '';
  for (const shard of candidates) {
    const weight = createHash('sha256')
      .update(JSON.stringify([shard.id, slot]))
      .digest('hex');
    if (weight > bestWeight) [best, bestWeight] = [shard, weight];
  }
  return best;
}
