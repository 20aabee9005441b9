import { isAppError } from '../../common/app-error';
import type { CanonicalType, Cell } from '../../drivers/cell';
import type { Fold, MergePlan, OrderKey } from '../../sql/merge/merge-plan';
import type { QueryOutcome } from '../query/query-result';
import { mergeOutcomes } from './merge-outcomes';

const outcome = (type: CanonicalType, cells: readonly Cell[], truncated = false): QueryOutcome => ({
  columns: [{ name: 'a', type, nativeType: 'x' }],
  rows: cells.map((cell) => [cell]),
  truncated,
  affectedRows: null,
});
const plan = (more: Partial<MergePlan> = {}): MergePlan => ({ folds: null, order: [], limit: null, ...more });
const order = (descending = false, nullsFirst = false): OrderKey[] => [
  { column: 'A', descending, nullsFirst },
];

function merged(
  type: CanonicalType,
  parts: readonly (readonly Cell[])[],
  more: Partial<MergePlan> = {},
): unknown {
  try {
    const { rows } = mergeOutcomes(
      plan(more),
      parts.map((part) => outcome(type, part)),
      100,
    );
    return rows.map(([cell]) => cell);
  } catch (error) {
    return isAppError(error) ? error.code : error;
  }
}

describe('mergeOutcomes', () => {
  it.each<[Fold, CanonicalType, Cell[], Cell]>([
    ['count', 'bigint', ['9007199254740993', '1', '0'], '9007199254740994'],
    ['sum', 'decimal', ['0.10', '-0.3', null], '-0.20'],
    ['sum', 'decimal', ['-0.05', '0.04'], '-0.01'],
    ['sum', 'integer', [1, 2, -5], -2],
    ['sum', 'decimal', [null, null], null],
    ['sum', 'float', [0.1, 0.2], 'shard.not_mergeable'],
    ['sum', 'decimal', ['NaN', '1'], 'shard.not_mergeable'],
    ['min', 'integer', [10, 9, null], 9],
    ['max', 'bigint', ['10', '9'], '10'],
    ['max', 'decimal', ['-1.5', '-1.25'], '-1.25'],
    ['min', 'date', ['2024-02-01', '2023-12-31'], '2023-12-31'],
    ['max', 'timestamptz', ['2024-01-01T00:00:05Z', '2024-01-01T00:00:05.5Z'], '2024-01-01T00:00:05.5Z'],
    ['max', 'date', ['10000-01-01', '2024-01-01'], 'shard.not_mergeable'],
    ['max', 'text', ['a', 'b'], 'shard.not_mergeable'],
  ])('folds %s of %s %j', (fold, type, cells, expected) => {
    const found = merged(
      type,
      cells.map((cell) => [cell]),
      { folds: [fold] },
    );
    expect(found).toEqual(expected === 'shard.not_mergeable' ? expected : [expected]);
  });

  it('puts rows together in the order of the shards', () => {
    expect(merged('text', [['b', 'a'], [], ['c']])).toEqual(['b', 'a', 'c']);
    expect(merged('text', [['b', 'a'], ['c']], { limit: 2 })).toEqual(['b', 'a']);
  });

  it.each<[CanonicalType, Cell[][], boolean, boolean, unknown]>([
    ['integer', [[1, 10], [2]], false, false, [1, 2, 10]],
    ['bigint', [['9'], ['10', '8']], true, false, ['10', '9', '8']],
    [
      'integer',
      [
        [1, null],
        [null, 0],
      ],
      false,
      true,
      [null, null, 0, 1],
    ],
    ['integer', [[1, null], [0]], true, false, [1, 0, null]],
    ['boolean', [[true], [false]], false, false, [false, true]],
    ['text', [['a'], ['B']], false, false, 'shard.not_mergeable'],
  ])('orders %s %j', (type, parts, descending, nullsFirst, expected) => {
    expect(merged(type, parts, { order: order(descending, nullsFirst) })).toEqual(expected);
  });

  it('takes the first of all, not of each', () => {
    expect(
      merged(
        'integer',
        [
          [1, 5, 6],
          [2, 3, 4],
        ],
        { order: order(), limit: 3 },
      ),
    ).toEqual([1, 2, 3]);
  });

  it('refuses columns that differ, and an order by what is not in the result', () => {
    const parts = [outcome('integer', [1]), outcome('bigint', ['1'])];
    expect(() => mergeOutcomes(plan(), parts, 10)).toThrow('different columns');
    const key = { column: 'b', descending: false, nullsFirst: false };
    expect(merged('integer', [[1]], { order: [key] })).toBe('shard.not_mergeable');
  });

  it.each<[number, number | null, boolean[], boolean]>([
    [10, null, [false, false], false],
    [3, null, [false, false], true],
    [4, null, [false, false], false],
    [4, null, [true, false], true],
    [4, 4, [true, false], false],
    [3, 3, [false, false], false],
    [2, 3, [false, false], true],
  ])('tells exactly whether %j rows with the limit %j leave some out', (maxRows, limit, cut, expected) => {
    const parts = cut.map((truncated, index) => outcome('integer', [index * 2, index * 2 + 1], truncated));
    expect(mergeOutcomes(plan({ limit }), parts, maxRows).truncated).toBe(expected);
  });
});
