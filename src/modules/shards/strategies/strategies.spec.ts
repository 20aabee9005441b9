import type { Shard } from '../shard-map';
import { chooseShard } from './choose-shard';
import { strategies } from '.';

const shard = (id: string, region: string | null = null): Shard => ({
  id,
  connectionId: id,
  status: 'active',
  region,
});
const keys = Array.from({ length: 4000 }, (_, index) => `user-${index}`);
const counted = (names: readonly string[]): number[] => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts.values()];
};

describe('strategies', () => {
  it('put every key into the same bucket every time, and fill the buckets evenly', () => {
    const slots = keys.map((key) => strategies.hash.slotOf(key, { bucketCount: 8 }));
    expect(slots).toEqual(keys.map((key) => strategies.hash.slotOf(key, { bucketCount: 8 })));
    const counts = counted(slots);
    expect(counts).toHaveLength(8);
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(100);
  });

  it('keep a key as its slot, and shorten what is too long for one', () => {
    expect(strategies.directory.slotOf('ada', { bucketCount: 8 })).toBe('ada');
    const slot = strategies.directory.slotOf('x'.repeat(1000), { bucketCount: 8 });
    expect(slot).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(slot).not.toBe(strategies.directory.slotOf('x'.repeat(999), { bucketCount: 8 }));
  });

  it('offer only shards of the region of the user', () => {
    const shards = [shard('a', 'eu'), shard('b', 'us'), shard('c')];
    const offered = (attributes: object): string[] =>
      strategies.region.candidatesFor(attributes as never, shards).map(({ id }) => id);
    expect(offered({ region: 'eu' })).toEqual(['a']);
    expect(offered({ region: 'mars' })).toEqual([]);
    expect(offered({ region: null })).toEqual([]);
    expect(offered({})).toEqual([]);
  });
});

describe('chooseShard', () => {
  const three = ['a', 'b', 'c'].map((id) => shard(id));

  it('spreads slots evenly, whatever the order of the shards', () => {
    const chosen = keys.map((key) => chooseShard(key, three)!.id);
    expect(keys.map((key) => chooseShard(key, three.toReversed())!.id)).toEqual(chosen);
    for (const count of counted(chosen)) expect(Math.abs(count - 1333)).toBeLessThan(150);
  });

  it('gives another shard its share and changes nothing else', () => {
    const four = [...three, shard('d')];
    const changed = keys.filter((key) => chooseShard(key, three)!.id !== chooseShard(key, four)!.id);
    expect(Math.abs(changed.length - 1000)).toBeLessThan(150);
    expect(changed.every((key) => chooseShard(key, four)!.id === 'd')).toBe(true);
  });

  it('has none without candidates', () => {
    expect(chooseShard('x', [])).toBeNull();
  });
});
