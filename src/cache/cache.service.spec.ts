import { Metrics } from '../common/metrics';
import type { Config } from '../config/config';
import { CacheService } from './cache.service';

describe('CacheService', () => {
  const metrics = new Metrics();
  const cache = new CacheService({ redisUrl: null, encryptionKeys: [] } as unknown as Config, metrics);
  afterAll(() => cache.onApplicationShutdown());

  it('counts the objects of each kind apart from those of the others', async () => {
    const permissions = cache.objects<{ n: number }>('permissions', { max: 2 });
    const session = cache.objects<{ n: number }>('session', { max: 10, maxAgeMs: 10_000 });
    for (let n = 0; n < 3; n++) permissions.set(`${n}`, { n });
    for (const id of ['0', '1', '2']) permissions.get(id);
    session.get('0');
    for (let scrapes = 0; scrapes < 2; scrapes++) {
      const text = await metrics.registry.metrics();
      expect(text.split('\n').filter((line) => line.startsWith('cache_object_'))).toEqual([
        'cache_object_entries{kind="permissions"} 2',
        'cache_object_entries{kind="session"} 0',
        'cache_object_max_age_seconds{kind="permissions"} 1800',
        'cache_object_max_age_seconds{kind="session"} 10',
        'cache_object_lookups_total{kind="permissions",outcome="hit"} 2',
        'cache_object_lookups_total{kind="permissions",outcome="miss"} 1',
        'cache_object_lookups_total{kind="session",outcome="hit"} 0',
        'cache_object_lookups_total{kind="session",outcome="miss"} 1',
        'cache_object_evictions_total{kind="permissions"} 1',
        'cache_object_evictions_total{kind="session"} 0',
      ]);
    }
  });

  it('makes one table of a kind', () => {
    cache.objects('settings', { max: 1 });
    expect(() => cache.objects('settings', { max: 1 })).toThrow('already');
  });
});
