import { LRUCache } from 'lru-cache';
import type { Packed } from './packed';

/** What an entry costs besides its value and its key, in bytes. */
const ENTRY_BYTES = 256;
/** One entry takes at most this share of the room. */
const LARGEST_SHARE = 8;

/** The level of one process: bounded by bytes, least recently used first out. */
export class MemoryLevel {
  private entries: LRUCache<string, Packed>;
  private evicted = 0;

  constructor(private bound: number) {
    this.entries = this.make(bound);
  }

  get maxBytes(): number {
    return this.bound;
  }

  get bytes(): number {
    return this.entries.calculatedSize;
  }

  get count(): number {
    return this.entries.size;
  }

  /** Entries that had to go for others. */
  get evictions(): number {
    return this.evicted;
  }

  get(key: string): Packed | undefined {
    return this.entries.get(key);
  }

  /** An entry above its share of the room is not kept. */
  set(key: string, packed: Packed, ttlMs: number): void {
    this.entries.set(key, packed, { ttl: ttlMs });
  }

  /** Puts the same value in another packing, where it is still there. */
  replace(key: string, before: Packed, after: Packed): void {
    if (this.entries.peek(key) !== before) return;
    this.entries.set(key, after, { ttl: this.entries.getRemainingTTL(key) });
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }

  /** Changes the room; what does not fit any more is gone, the least recently used first. */
  resize(maxBytes: number): void {
    if (maxBytes === this.bound) return;
    const kept = this.entries.dump();
    this.bound = maxBytes;
    this.entries = this.make(maxBytes);
    this.entries.load(kept);
  }

  private make(maxBytes: number): LRUCache<string, Packed> {
    return new LRUCache<string, Packed>({
      maxSize: Math.max(1, maxBytes),
      maxEntrySize: Math.max(1, Math.floor(maxBytes / LARGEST_SHARE)),
      // Keys are strings of one byte a unit.
      sizeCalculation: ({ bytes }, key) => bytes.length + key.length + ENTRY_BYTES,
      dispose: (_value, _key, reason) => {
        if (reason === 'evict') this.evicted += 1;
      },
    });
  }
}
