import { LRUCache } from 'lru-cache';
import type { Lane } from './fair-queue';

/** From here on a statement is long, in milliseconds of a place. */
const LONG_MS = 100;
/** Weight of the last time in the mean. */
const WEIGHT = 0.3;
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * How long statements kept their places the last times. What was never seen counts as short: it is known after its first
 * time.
 */
export class ExpectedTimes {
  private readonly means = new LRUCache<string, number>({
    maxSize: MAX_BYTES,
    maxEntrySize: MAX_BYTES / 64,
    sizeCalculation: (_, key) => 100 + 2 * key.length,
  });

  laneOf(statement: string): Lane {
    return (this.means.get(statement) ?? 0) > LONG_MS ? 'long' : 'short';
  }

  /** @param isWhole it was not stopped and did not fail: otherwise it would have taken at least as long */
  learn(statement: string, heldMs: number, isWhole: boolean): void {
    const mean = this.means.get(statement) ?? heldMs;
    if (!isWhole && heldMs < mean) return;
    this.means.set(statement, mean + WEIGHT * (heldMs - mean));
  }
}
