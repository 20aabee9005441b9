import { LRUCache } from 'lru-cache';
import type { CacheStore } from './cache-store';

const MAX_BYTES = 64 * 1024 * 1024;

/** The cache of one process, bounded by size, least recently used first out. */
export function memoryStore(maxBytes = MAX_BYTES): CacheStore {
  const entries = new LRUCache<string, string>({
    maxSize: maxBytes,
    // Strings take at most two bytes a unit.
    sizeCalculation: (value, key) => 2 * (value.length + key.length) + 64,
  });
  return {
    get: async (key) => entries.get(key) ?? null,
    set: async (key, value, ttlSeconds) => void entries.set(key, value, { ttl: ttlSeconds * 1000 }),
    delete: async (key) => void entries.delete(key),
    ping: async () => undefined,
    close: async () => entries.clear(),
  };
}
