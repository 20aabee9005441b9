import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Redis } from 'ioredis';
import { createHash } from 'node:crypto';
import { RateLimiterPostgres, RateLimiterRedis, type RateLimiterStoreAbstract } from 'rate-limiter-flexible';
import type { DataSource } from 'typeorm';
import { REDIS } from '../../cache/redis.module';
import { AppError } from '../../common/app-error';
import { addressGroup } from './address-group';

/** Who tries to get in where. */
export interface LoginAttempt {
  readonly account: string;
  readonly address: string;
}

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

/** Failures allowed in a window; `known` remembers where an account has logged in. */
export const loginLimits = {
  pair: { points: 5, duration: 15 * MINUTE },
  address: { points: 50, duration: 15 * MINUTE },
  account: { points: 50, duration: 60 * MINUTE },
  known: { points: 1, duration: 30 * DAY },
} as const;

type Counter = keyof typeof loginLimits;

export function attemptOf(username: string, ip: string | null): LoginAttempt {
  const name = username.trim().normalize('NFKC').toLowerCase();
  return {
    account: createHash('sha256').update(name).digest('hex').slice(0, 32),
    address: addressGroup(ip),
  };
}

/**
 * Counts failed log-ins per account and address, per address and per account, for all replicas together. Where an
 * account has logged in before, only its own failures from there count: guessing from elsewhere, or at other accounts,
 * does not lock its owner out. Accounts that do not exist count like the others.
 */
@Injectable()
export class LoginThrottle {
  private readonly counters: Readonly<Record<Counter, RateLimiterStoreAbstract>>;

  constructor(@InjectDataSource() dataSource: DataSource, @Inject(REDIS) redis: Redis | null) {
    const counter = (name: Counter): RateLimiterStoreAbstract => {
      const options = { ...loginLimits[name], keyPrefix: `login_${name}` };
      const stored = new RateLimiterPostgres({
        ...options,
        storeClient: dataSource,
        storeType: 'typeorm',
        tableName: 'rate_limits',
        tableCreated: true,
        clearExpiredByTimeout: false,
      });
      return redis
        ? new RateLimiterRedis({ ...options, storeClient: redis, insuranceLimiter: stored })
        : stored;
    };
    this.counters = {
      pair: counter('pair'),
      address: counter('address'),
      account: counter('account'),
      known: counter('known'),
    };
  }

  /** @throws AppError `auth.too_many_attempts` */
  async check(attempt: LoginAttempt): Promise<void> {
    const [pair, address, account, known] = await Promise.all([
      this.waitMs('pair', attempt),
      this.waitMs('address', attempt),
      this.waitMs('account', attempt),
      this.waitMs('known', attempt),
    ]);
    const waitMs = known > 0 ? pair : Math.max(pair, address, account);
    if (waitMs > 0)
      throw new AppError('auth.too_many_attempts', undefined, { retryAfterSeconds: waitMs / 1000 });
  }

  async failed(attempt: LoginAttempt): Promise<void> {
    const counted = ['pair', 'address', 'account'] as const;
    await Promise.all(counted.map((name) => this.counters[name].penalty(keyOf(name, attempt))));
  }

  async succeeded(attempt: LoginAttempt): Promise<void> {
    await Promise.all([
      this.counters.pair.delete(keyOf('pair', attempt)),
      this.counters.known.set(keyOf('known', attempt), loginLimits.known.points, loginLimits.known.duration),
    ]);
  }

  /** Milliseconds until the counter lets through; 0 when it does now. */
  private async waitMs(name: Counter, attempt: LoginAttempt): Promise<number> {
    const counted = await this.counters[name].get(keyOf(name, attempt));
    return counted && counted.consumedPoints >= loginLimits[name].points
      ? Math.max(counted.msBeforeNext, 1)
      : 0;
  }
}

function keyOf(name: Counter, { account, address }: LoginAttempt): string {
  const keys: Record<Counter, string> = {
    pair: `${account}:${address}`,
    address,
    account,
    known: `${account}:${address}`,
  };
  return keys[name];
}
