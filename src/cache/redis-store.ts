import { Redis } from 'ioredis';
import { open, seal, type Sealed, type SealingKey } from '../common/seal';
import type { CacheStore } from './cache-store';

const COMMAND_TIMEOUT_MS = 250;

/**
 * The cache that all replicas share. Values are sealed, bound to their key: whoever reads or writes the Redis server
 * neither sees results of queries nor passes off one entry as another. A server that is slow or away costs a bounded
 * wait and counts as a miss.
 */
export function redisStore(url: string, keys: readonly SealingKey[]): CacheStore {
  const redis = new Redis(url, {
    connectionName: 'sluice',
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: 2000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(attempt * 200, 5000),
  });
  // Without a listener a lost server would end the process; commands reject by themselves.
  redis.on('error', () => undefined);
  return {
    async get(key) {
      const value = await redis.get(key);
      if (value === null) return null;
      try {
        return open(keys, JSON.parse(value) as Sealed, key);
      } catch {
        return null;
      }
    },
    async set(key, value, ttlSeconds) {
      await redis.set(key, JSON.stringify(seal(keys, value, key)), 'EX', ttlSeconds);
    },
    delete: async (key) => void (await redis.del(key)),
    ping: async () => void (await redis.ping()),
    close: async () => redis.disconnect(),
  };
}
