import { Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config/config';

/** Injection token: a client of `REDIS_URL`, or `null` without one. */
export const REDIS = Symbol('Redis');

function connect({ redisUrl }: Config): Redis | null {
  if (!redisUrl) return null;
  const logger = new Logger('Redis');
  // Redis only ever helps: a command that cannot be sent now fails now, and its caller goes on without it.
  const client = new Redis(redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 1000,
    connectTimeout: 2000,
    retryStrategy: (attempt) => Math.min(100 * 2 ** attempt, 5000),
  });
  client.on('error', (error: Error) => logger.warn({ err: error }, 'Redis is not reachable'));
  return client;
}

@Module({ providers: [{ provide: REDIS, useFactory: connect, inject: [CONFIG] }], exports: [REDIS] })
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(REDIS) private readonly redis: Redis | null) {}

  onApplicationShutdown(): void {
    this.redis?.disconnect();
  }
}
