import { cacheKey, cacheKinds } from './cache-kinds';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

describe('cacheKinds', () => {
  it('are kept for as long as is promised', () => {
    expect(cacheKinds).toEqual({
      query: HOUR,
      schema: 24 * HOUR,
      session: 24 * HOUR,
      excel: HOUR,
      llm: 2 * HOUR,
      permissions: 30 * MINUTE,
      settings: HOUR,
    });
  });

  it('are prefixes that no key of another kind begins with', () => {
    const kinds = Object.keys(cacheKinds) as (keyof typeof cacheKinds)[];
    const keys = kinds.map((kind) => cacheKey(kind, 'a:b'));
    expect(keys[0]).toBe('sluice:query:a:b');
    for (const kind of kinds)
      expect(keys.filter((key) => key.startsWith(cacheKey(kind, '')))).toEqual([cacheKey(kind, 'a:b')]);
  });
});
