import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { REDIS } from '../../cache/redis.module';
import { AppError } from '../../common/app-error';
import { CONFIG, type Config } from '../../config/config';

const WINDOW_SECONDS = 60;
const WINDOW_MS = WINDOW_SECONDS * 1000;

/**
 * Requests a minute from one principal or address. Counted in the process; with Redis also over all replicas, without
 * waiting for it: its verdict on this request decides about the next one.
 */
@Injectable()
export class RequestLimiter {
  private readonly limit: number;
  private readonly shared: RateLimiterRedis | null;
  private window = 0;
  private counts = new Map<string, number>();
  private refusedUntil = new Map<string, number>();

  constructor(@Inject(CONFIG) config: Config, @Inject(REDIS) redis: Redis | null) {
    this.limit = config.rateLimitPerMinute;
    this.shared =
      redis && this.limit > 0
        ? new RateLimiterRedis({
            storeClient: redis,
            keyPrefix: 'requests',
            points: this.limit,
            duration: WINDOW_SECONDS,
          })
        : null;
  }

  /** @throws AppError `request.rate_limited` */
  take(key: string): void {
    if (this.limit === 0) return;
    const now = Date.now();
    const window = Math.floor(now / WINDOW_MS);
    if (window !== this.window) {
      this.window = window;
      this.counts = new Map();
      this.refusedUntil = new Map([...this.refusedUntil].filter(([, until]) => until > now));
    }
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    const until = count > this.limit ? (window + 1) * WINDOW_MS : (this.refusedUntil.get(key) ?? 0);
    if (until > now) {
      throw new AppError('request.rate_limited', undefined, { retryAfterSeconds: (until - now) / 1000 });
    }
    this.shared?.consume(key).catch((refusal: unknown) => {
      // Anything else is a Redis that does not answer: the process's own count holds.
      if (refusal instanceof RateLimiterRes) this.refusedUntil.set(key, Date.now() + refusal.msBeforeNext);
    });
  }
}
