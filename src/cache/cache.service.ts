import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config';
import { cacheKey, cacheKinds, type CacheKind } from './cache-kinds';
import type { CacheStore } from './cache-store';
import { memoryStore } from './memory-store';
import { redisStore } from './redis-store';

/** A cache that may forget anything at any time and never fails: without its store, every look-up is a miss. */
@Injectable()
export class CacheService implements OnApplicationShutdown {
  private readonly logger = new Logger(CacheService.name);
  private readonly store: CacheStore;
  private failing = false;

  constructor(@Inject(CONFIG) config: Config) {
    this.store = config.redisUrl ? redisStore(config.redisUrl, config.encryptionKeys) : memoryStore();
  }

  async get(kind: CacheKind, id: string): Promise<string | null> {
    return this.attempt(() => this.store.get(cacheKey(kind, id)), null);
  }

  /** @param ttlSeconds shorter or longer than the kind's own; 0 stores nothing */
  async set(
    kind: CacheKind,
    id: string,
    value: string,
    ttlSeconds: number = cacheKinds[kind],
  ): Promise<void> {
    if (ttlSeconds <= 0) return;
    await this.attempt(() => this.store.set(cacheKey(kind, id), value, Math.ceil(ttlSeconds)), undefined);
  }

  async delete(kind: CacheKind, id: string): Promise<void> {
    await this.attempt(() => this.store.delete(cacheKey(kind, id)), undefined);
  }

  /** For readiness: rejects when the store does not answer. */
  async ping(): Promise<void> {
    await this.store.ping();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }

  private async attempt<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      const value = await work();
      this.failing = false;
      return value;
    } catch (error) {
      if (!this.failing) this.logger.warn({ err: error }, 'the cache does not answer; going without');
      this.failing = true;
      return otherwise;
    }
  }
}
