import { cacheKinds, type ObjectKind } from './cache-kinds';
import { ObjectTable } from './object-table';

const kinds = ['schema', 'session', 'permissions', 'settings'] as const satisfies readonly ObjectKind[];

describe('ObjectTable', () => {
  let now: number;
  beforeEach(() => {
    now = 1000;
    jest.useFakeTimers({ doNotFake: ['performance'] });
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  const wait = (ms: number): void => {
    now += ms;
    // lru-cache remembers for a millisecond what time it is.
    jest.advanceTimersByTime(1);
  };

  it('gives the object itself, and each kind its own', () => {
    const [permissions, settings] = [
      new ObjectTable<{ canQuery: boolean }>('permissions', { max: 10 }),
      new ObjectTable<{ canQuery: boolean }>('settings', { max: 10 }),
    ];
    const object = { canQuery: true };
    permissions.set('a', object);
    expect(permissions.get('a')).toBe(object);
    expect(settings.get('a')).toBeUndefined();
    permissions.delete('a');
    expect(permissions.get('a')).toBeUndefined();
  });

  it.each(kinds)('keeps an entry of %s as long as its kind says, whoever looks it up meanwhile', (kind) => {
    const table = new ObjectTable<object>(kind, { max: 10 });
    const ms = cacheKinds[kind] * 1000;
    expect(table.maxAgeMs).toBe(ms);
    table.set('a', {});
    for (const step of [ms / 2, ms / 2 - 1000]) {
      wait(step);
      expect(table.get('a')).toBeDefined();
    }
    wait(1001);
    expect(table.get('a')).toBeUndefined();
    expect(table.count).toBe(0);
  });

  it('takes a narrower limit of age, and no wider one', () => {
    const table = new ObjectTable<object>('session', { max: 10, maxAgeMs: 10_000 });
    table.set('a', {});
    wait(9_999);
    expect(table.get('a')).toBeDefined();
    table.set('a', {});
    wait(9_999);
    expect(table.get('a')).toBeDefined();
    wait(2);
    expect(table.get('a')).toBeUndefined();
    expect(new ObjectTable('session', { max: 10, maxAgeMs: 1e12 }).maxAgeMs).toBe(86_400_000);
  });

  it('never holds more than its bound, and drops the least recently used first', () => {
    const table = new ObjectTable<{ n: number }>('permissions', { max: 3 });
    for (let n = 0; n < 10; n++) {
      table.set(`${n}`, { n });
      table.get('0');
      expect(table.count).toBeLessThanOrEqual(3);
    }
    expect([...table.entries()].map(([id]) => id).toSorted()).toEqual(['0', '8', '9']);
    expect(table.evictions).toBe(7);
  });

  it('counts look-ups by what they found, and as evictions only what had to go for others', () => {
    const table = new ObjectTable<object>('permissions', { max: 2 });
    table.get('a');
    table.set('a', {});
    table.set('a', {});
    table.get('a');
    table.get('a');
    table.delete('a');
    table.get('a');
    table.set('b', {});
    wait(cacheKinds.permissions * 1000 + 1);
    table.get('b');
    table.set('c', {});
    table.clear();
    expect([...table.entries()]).toEqual([]);
    expect([table.count, table.hits, table.misses, table.evictions]).toEqual([0, 2, 3, 0]);
  });
});
