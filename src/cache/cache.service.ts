import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Metrics } from '../common/metrics';
import { CONFIG, type Config } from '../config/config';
import { cacheKey, cacheKinds, type ByteKind, type ObjectKind } from './cache-kinds';
import { MemoryLevel } from './memory-level';
import { ObjectTable, type ObjectTableOptions } from './object-table';
import { deflated, unpacked, type Packed } from './packed';
import { RedisLevel } from './redis-level';

const MAX_BYTES = 64 * 1024 * 1024;
/** From here on values lie compressed in the process too: a hit then costs a trip through the thread pool. */
const COMPRESS_IN_MEMORY_FROM_BYTES = 64 * 1024;
const LOG_EVERY_MS = 60_000;

export type CacheLevel = 'memory' | 'redis';

type TableFigures = Pick<
  ObjectTable<object>,
  'kind' | 'maxAgeMs' | 'count' | 'hits' | 'misses' | 'evictions'
>;

export interface CacheHit {
  readonly bytes: Buffer;
  readonly level: CacheLevel;
}

/**
 * Bytes lie on two levels: the memory of the process, bounded, and Redis where it is configured. What decisions rest on lies
 * as objects in tables of the process and nowhere else. A cache that may forget anything at any time and never fails: what
 * does not answer is a miss.
 */
@Injectable()
export class CacheService implements OnApplicationShutdown {
  private readonly logger = new Logger(CacheService.name);
  private readonly memory = new MemoryLevel(MAX_BYTES);
  private readonly redis: RedisLevel | null;
  private readonly tables = new Map<ObjectKind, TableFigures>();
  private loggedAt = -Infinity;

  constructor(@Inject(CONFIG) { redisUrl, encryptionKeys }: Config, metrics: Metrics) {
    this.redis = redisUrl ? new RedisLevel(redisUrl, encryptionKeys, (error) => this.failed(error)) : null;
    metrics.gauge('cache_memory_bytes', 'Bytes of the cache in the process', () => this.memory.bytes);
    metrics.gauge('cache_memory_entries', 'Entries of the cache in the process', () => this.memory.count);
    metrics.counted(
      'cache_evictions_total',
      'Entries that had to go for others',
      () => this.memory.evictions,
    );
    this.showTables(metrics);
  }

  /**
   * Makes the table of a kind, which is in its maker's hands alone. It is the maker who drops what has changed.
   * @param options within the time of the kind
   */
  objects<T extends object>(kind: ObjectKind, options: ObjectTableOptions): ObjectTable<T> {
    // Two would share the keys that the kind and the id make, and the figures.
    if (this.tables.has(kind)) throw new Error(`the cache has a table for ${kind} already`);
    const table = new ObjectTable<T>(kind, options);
    this.tables.set(kind, table);
    return table;
  }

  /**
   * The bytes are shared: nobody may change them.
   * @param maxAgeSeconds older values are no hits
   */
  async get(kind: ByteKind, id: string, maxAgeSeconds: number = cacheKinds[kind]): Promise<CacheHit | null> {
    const key = cacheKey(kind, id);
    const near = this.memory.get(key);
    if (near && isYoung(near, maxAgeSeconds)) return { bytes: await unpacked(near), level: 'memory' };
    const far = this.redis && (await this.redis.get(key));
    if (!far || !isYoung(far, maxAgeSeconds)) return null;
    const bytes = await unpacked(far);
    this.memory.set(key, inMemory(far, bytes), maxAgeSeconds * 1000 - ageOf(far));
    return { bytes, level: 'redis' };
  }

  /**
   * Kept in the process at once; compressing and Redis come behind the caller's back.
   * @param bytes nobody may change them afterwards
   * @param ttlSeconds 0 keeps nothing
   */
  put(kind: ByteKind, id: string, bytes: Buffer, ttlSeconds: number = cacheKinds[kind]): void {
    if (ttlSeconds <= 0) return;
    const key = cacheKey(kind, id);
    const packed: Packed = { keptAt: Date.now(), deflated: false, bytes };
    this.memory.set(key, packed, ttlSeconds * 1000);
    if (this.redis || bytes.length >= COMPRESS_IN_MEMORY_FROM_BYTES)
      void this.spread(key, packed, ttlSeconds);
  }

  /** Changes the room of the process. */
  resize(maxBytes: number): void {
    this.memory.resize(maxBytes);
  }

  /** For readiness: rejects when Redis is configured and does not answer. */
  async ping(): Promise<void> {
    await this.redis?.ping();
  }

  onApplicationShutdown(): void {
    this.redis?.close();
    this.memory.clear();
  }

  private showTables(metrics: Metrics): void {
    const byKind = (read: (table: TableFigures) => number) => () =>
      [...this.tables.values()].map((table) => ({ labels: { kind: table.kind }, value: read(table) }));
    metrics.gauges(
      'cache_object_entries',
      'Objects of the cache in the process',
      ['kind'],
      byKind((table) => table.count),
    );
    metrics.gauges(
      'cache_object_max_age_seconds',
      'Age from which on an object is not used any more',
      ['kind'],
      byKind((table) => table.maxAgeMs / 1000),
    );
    metrics.countedBy(
      'cache_object_lookups_total',
      'Look-ups of objects, by what came of it',
      ['kind', 'outcome'],
      () =>
        [...this.tables.values()].flatMap(({ kind, hits, misses }) => [
          { labels: { kind, outcome: 'hit' }, value: hits },
          { labels: { kind, outcome: 'miss' }, value: misses },
        ]),
    );
    metrics.countedBy(
      'cache_object_evictions_total',
      'Objects that had to go for others',
      ['kind'],
      byKind((table) => table.evictions),
    );
  }

  private async spread(key: string, packed: Packed, ttlSeconds: number): Promise<void> {
    try {
      const small = await deflated(packed);
      if (packed.bytes.length >= COMPRESS_IN_MEMORY_FROM_BYTES) this.memory.replace(key, packed, small);
      await this.redis?.set(key, small, ttlSeconds * 1000 - ageOf(small));
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    const now = performance.now();
    if (now - this.loggedAt < LOG_EVERY_MS) return;
    this.loggedAt = now;
    this.logger.warn({ err: error }, 'the cache does not answer; going without');
  }
}

/** As the other level had it where it is large, else ready to be used. */
function inMemory(far: Packed, bytes: Buffer): Packed {
  return bytes.length >= COMPRESS_IN_MEMORY_FROM_BYTES ? far : { ...far, bytes, deflated: false };
}

/** Milliseconds; another replica's clock may be ahead. */
function ageOf({ keptAt }: Packed): number {
  return Math.max(0, Date.now() - keptAt);
}

function isYoung(packed: Packed, maxAgeSeconds: number): boolean {
  return ageOf(packed) < maxAgeSeconds * 1000;
}
