import { noPolicies } from '../policies/effective-policies';
import { cachingOf } from './caching';

type Arguments = Parameters<typeof cachingOf>;
const text = 'select a from t';
const judgement = {
  facts: { kind: 'select', access: 'read', relations: [], functions: [], parameterCount: 0 },
  policies: noPolicies,
  plan: { text },
} as unknown as Arguments[2];
const caching = (
  request: Partial<Arguments[0]> = {},
  ofConnection: number | null = null,
  judged: object = {},
): ReturnType<typeof cachingOf> =>
  cachingOf(
    { cache: 'use', text, ...request },
    { dialect: 'postgresql', cacheTtlSeconds: ofConnection },
    { ...judgement, ...judged },
    3600,
  );

describe('cachingOf', () => {
  it('takes the time of the connection, or that of the setting, and the request may only ask for less', () => {
    expect(caching()).toEqual({ maxAgeSeconds: 3600, keepSeconds: 3600 });
    expect(caching({}, 7200)).toEqual({ maxAgeSeconds: 7200, keepSeconds: 7200 });
    expect(caching({ cacheTtlSeconds: 10 }, 60)).toEqual({ maxAgeSeconds: 10, keepSeconds: 60 });
    expect(caching({ cacheTtlSeconds: 100 }, 60)).toEqual({ maxAgeSeconds: 60, keepSeconds: 60 });
    expect(caching({ cache: 'refresh' })).not.toBeNull();
  });

  it('is not where somebody says so', () => {
    for (const request of [{ cache: 'bypass' }, { cacheTtlSeconds: 0 }, { streamed: true }] as const)
      expect(caching(request)).toBeNull();
    expect(caching({}, 0)).toBeNull();
  });

  it('is not where the policies put something into the text that changes without a write', () => {
    const plan = (filtered: string): object => ({
      plan: { text: `select a from (select a from t where ${filtered})` },
    });
    expect(caching({}, null, plan('a > 1'))).not.toBeNull();
    expect(caching({}, null, plan('a > current_date'))).toBeNull();
    const calling = { policies: { ...noPolicies, callsFunctions: true } };
    expect(caching({}, null, { ...plan('a > f()'), ...calling })).toBeNull();
    expect(caching({}, null, calling)).not.toBeNull();
  });
});
