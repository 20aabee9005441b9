import { differencesOf, isSame, total } from './compare-table';
import type { RowDigest } from './shard-side';

const rows = (all: Record<string, string>): Map<string, RowDigest> =>
  new Map(Object.entries(all).map(([id, row]) => [id, { id, row, key: [id] }]));
const ids = (digests: readonly RowDigest[]): string[] => digests.map(({ id }) => id);

describe('tables of two shards', () => {
  it('differ by rows that are missing, changed or too many', () => {
    const found = differencesOf(rows({ a: '1', b: '2', c: '3' }), rows({ b: '2', c: '4', d: '5' }));
    expect([ids(found.missing), ids(found.changed), ids(found.surplus)]).toEqual([['a'], ['c'], ['d']]);
  });

  it('are the same when count and both sums are, however they are parted', () => {
    const one = total(
      new Map([
        [1, { count: 2, sums: ['9007199254740993', '1'] }],
        [2, { count: 1, sums: ['1', '0'] }],
      ]),
    );
    expect(one).toEqual({ count: 3, sums: ['9007199254740994', '1'] });
    expect(isSame(one, { count: 3, sums: ['9007199254740994', '1'] })).toBe(true);
    expect(isSame(one, { count: 3, sums: ['9007199254740993', '1'] })).toBe(false);
    expect(isSame(one, { count: 2, sums: ['9007199254740994', '1'] })).toBe(false);
    expect(isSame(one, undefined)).toBe(false);
    expect(isSame(undefined, undefined)).toBe(true);
  });
});
