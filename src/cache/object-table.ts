import { LRUCache } from 'lru-cache';
import { cacheKinds, type ObjectKind } from './cache-kinds';

export interface ObjectTableOptions {
  /** Most entries; the least recently used goes first. */
  readonly max: number;
  /** Milliseconds; where safety wants less than the time of the kind. */
  readonly maxAgeMs?: number;
}

/**
 * The entries of one kind in the memory of this process: decoded objects, which nobody may change. The kind is the table,
 * so the prefix of `cacheKey(kind, id)` is never put together: a look-up is one of a map by the id alone.
 */
export class ObjectTable<T extends object> {
  /** Milliseconds after which an entry is not found any more. */
  readonly maxAgeMs: number;
  private readonly objects: LRUCache<string, T>;
  private found = 0;
  private missed = 0;
  private evicted = 0;

  constructor(
    readonly kind: ObjectKind,
    { max, maxAgeMs = Infinity }: ObjectTableOptions,
  ) {
    this.maxAgeMs = Math.min(cacheKinds[kind] * 1000, maxAgeMs);
    this.objects = new LRUCache<string, T>({
      max,
      ttl: this.maxAgeMs,
      dispose: (_object, _id, reason) => {
        if (reason === 'evict') this.evicted += 1;
      },
    });
  }

  /** Entries, also those whose time is over and that nobody has looked up since. */
  get count(): number {
    return this.objects.size;
  }

  /** Look-ups that found something. */
  get hits(): number {
    return this.found;
  }

  /** Look-ups that did not. */
  get misses(): number {
    return this.missed;
  }

  /** Entries that had to go for others. */
  get evictions(): number {
    return this.evicted;
  }

  get(id: string): T | undefined {
    const object = this.objects.get(id);
    if (object === undefined) this.missed += 1;
    else this.found += 1;
    return object;
  }

  /** The age of the entry begins now. */
  set(id: string, object: T): void {
    this.objects.set(id, object);
  }

  delete(id: string): void {
    this.objects.delete(id);
  }

  clear(): void {
    this.objects.clear();
  }

  /** Whatever is there, for dropping what something applies to; counts no look-up. */
  entries(): Iterable<[id: string, object: T]> {
    return this.objects.entries();
  }
}
