import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { Metrics } from '../../common/metrics';

/**
 * `memory`, `redis`: found; `shared`: somebody else was asking the same; `miss`: the database was asked; `writing`: it was asked
 * because a write was under way; `refresh`: because the request said so.
 */
export type CacheOutcome = 'memory' | 'redis' | 'shared' | 'miss' | 'writing' | 'refresh';

@Injectable()
export class CacheMetrics {
  private readonly lookUps: Counter<'outcome'>;

  constructor({ registry }: Metrics) {
    this.lookUps = new Counter({
      name: 'result_cache_lookups_total',
      help: 'Statements that the cache of results might have answered, by what came of it',
      labelNames: ['outcome'],
      registers: [registry],
    });
  }

  count(outcome: CacheOutcome): void {
    this.lookUps.inc({ outcome });
  }
}
