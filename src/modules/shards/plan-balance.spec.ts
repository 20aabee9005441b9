import { planBalance, type ShardLoad } from './plan-balance';

const load = (shardId: string, keys: number, more: Partial<ShardLoad> = {}): ShardLoad => ({
  ...{ shardId, keys, role: 'takes' as const, part: null },
  ...more,
});
const told = (...loads: readonly ShardLoad[]): string[] =>
  planBalance(loads).map(({ source, target, keys }) => `${source}>${target} ${keys}`);

describe('planBalance', () => {
  it.each<[string, ShardLoad[], string[]]>([
    ['nothing', [], []],
    ['one shard', [load('a', 9)], []],
    ['even shards', [load('a', 3), load('b', 3)], []],
    ['what does not divide', [load('a', 3), load('b', 4)], []],
    ['a new shard', [load('a', 6), load('b', 6), load('c', 0)], ['a>c 2', 'b>c 2']],
    ['two new shards', [load('a', 8), load('b', 0), load('c', 0)], ['a>b 3', 'a>c 2']],
    [
      'a shard that is drained',
      [load('a', 5, { role: 'emptied' }), load('b', 1), load('c', 2)],
      ['a>b 3', 'a>c 2'],
    ],
    ['a drained shard with nowhere to go', [load('a', 5, { role: 'emptied' })], []],
    ['one that stays as it is', [load('a', 9, { role: 'stays' }), load('b', 0), load('c', 2)], ['c>b 1']],
    [
      'regions',
      [load('a', 4, { part: 'eu' }), load('b', 0, { part: 'eu' }), load('c', 0, { part: 'us' })],
      ['a>b 2'],
    ],
  ])('evens out %s', (_, loads, expected) => {
    expect(told(...loads)).toEqual(expected);
  });

  it('moves as few as can be, and leaves no two shards more than one apart', () => {
    for (let round = 0; round < 500; round += 1) {
      const loads = Array.from({ length: 1 + (round % 7) }, (_, index) =>
        load(`s${index}`, (round * 31 + index * index * 17) % 40),
      );
      const after = new Map(loads.map(({ shardId, keys }) => [shardId, keys]));
      let moved = 0;
      for (const { source, target, keys } of planBalance(loads)) {
        after.set(source, after.get(source)! - keys);
        after.set(target, after.get(target)! + keys);
        moved += keys;
      }
      const counts = [...after.values()];
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      const high = Math.ceil(counts.reduce((a, b) => a + b, 0) / counts.length);
      expect(moved).toBeLessThanOrEqual(
        loads.reduce((sum, { keys }) => sum + Math.max(0, keys - high + 1), 0),
      );
    }
  });
});
