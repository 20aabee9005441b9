import { Redis } from 'ioredis';
import type { SealingKey } from '../common/seal';
import type { Packed } from './packed';
import { openBytes, sealBytes } from './sealed-bytes';

const COMMAND_TIMEOUT_MS = 250;
/** Larger values stay in the process. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Values under way to the server at once; what comes on top is not kept there. */
const MAX_UNDER_WAY = 64;
/** After a failure nobody waits for the server for this long, in milliseconds. */
const REST_MS = 1000;
/** Flag (1) and time (8) in front of the value, sealed with it. */
const HEAD_BYTES = 9;

/**
 * The level that all replicas share. Values are sealed for their key: whoever reads or writes the Redis server neither
 * sees results nor makes any up, nor passes off one entry as another. What is not ours counts as absent. A server that is
 * slow or away costs a bounded wait once a second.
 */
export class RedisLevel {
  private readonly redis: Redis;
  private restUntil = 0;
  private underWay = 0;

  constructor(
    url: string,
    private readonly keys: readonly SealingKey[],
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.redis = new Redis(url, {
      connectionName: 'sluice',
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: 2000,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      retryStrategy: (attempt) => Math.min(attempt * 200, 5000),
    });
    // Without a listener a lost server would end the process; commands reject by themselves.
    this.redis.on('error', () => undefined);
  }

  async get(key: string): Promise<Packed | null> {
    const sealed = await this.attempt(() => this.redis.getBuffer(key));
    if (!sealed) return null;
    const opened = openBytes(this.keys, sealed, key);
    if (!opened || opened.length < HEAD_BYTES) return null;
    return {
      deflated: opened[0] === 1,
      keptAt: opened.readDoubleBE(1),
      bytes: opened.subarray(HEAD_BYTES),
    };
  }

  async set(key: string, { deflated, keptAt, bytes }: Packed, ttlMs: number): Promise<void> {
    if (bytes.length > MAX_BYTES || this.underWay >= MAX_UNDER_WAY || this.isResting) return;
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = deflated ? 1 : 0;
    head.writeDoubleBE(keptAt, 1);
    const sealed = sealBytes(this.keys, Buffer.concat([head, bytes]), key);
    this.underWay += 1;
    await this.attempt(() => this.redis.set(key, sealed, 'PX', Math.max(1, Math.ceil(ttlMs))));
    this.underWay -= 1;
  }

  /** Rejects when the server does not answer. */
  async ping(): Promise<void> {
    await this.redis.ping();
  }

  close(): void {
    this.redis.disconnect();
  }

  private get isResting(): boolean {
    return performance.now() < this.restUntil;
  }

  private async attempt<T>(command: () => Promise<T>): Promise<T | null> {
    if (this.isResting) return null;
    try {
      return await command();
    } catch (error) {
      this.restUntil = performance.now() + REST_MS;
      this.onFailure(error);
      return null;
    }
  }
}
