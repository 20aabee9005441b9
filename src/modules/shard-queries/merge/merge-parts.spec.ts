import { isAppError } from '../../../common/app-error';
import type { Dialect } from '../../../common/dialect';
import { RawJson, type CanonicalType, type Cell, type Column, type Row } from '../../../drivers/cell';
import type { KeyAt, MergePlan, OrderKey } from '../../../sql/merge/merge-plan';
import { mergeParts } from './merge-parts';
import { mergedCursor } from './merged-cursor';
import type { Part } from './part';
import { RowKeeper } from './row-keeper';

const columnsOf = (...types: readonly (CanonicalType | [CanonicalType, string])[]): Column[] =>
  types.map((one, index) => {
    const [type, nativeType] = typeof one === 'string' ? [one, one] : one;
    return { name: `c${index}`, type, nativeType };
  });

/** Rows that come in twos. */
function partOf(
  columns: readonly Column[],
  rows: readonly Row[],
  reads: { count: number } = { count: 0 },
): Part {
  let at = 0;
  return {
    columns,
    ready: async () => undefined,
    read: async () => {
      reads.count += 1;
      return rows.slice(at, (at += 2));
    },
  };
}

const plan = (more: Partial<MergePlan> = {}): MergePlan => ({
  text: '',
  edits: [],
  added: 0,
  grouping: null,
  distinct: null,
  order: [],
  limit: null,
  offset: 0,
  ...more,
});
const item = (index: number): KeyAt => ({ at: { item: index }, collation: null });
const by = (index: number, more: Partial<OrderKey> = {}): OrderKey => ({
  ...item(index),
  descending: false,
  nullsFirst: false,
  ...more,
});

async function merged(
  columns: readonly Column[],
  parts: readonly (readonly Row[])[],
  more: Partial<MergePlan> = {},
  dialect: Dialect = 'postgresql',
): Promise<unknown> {
  try {
    const all = parts.map((rows) => partOf(columns, rows));
    return await mergedCursor(await mergeParts(plan(more), all, dialect)).read(1000);
  } catch (error) {
    return isAppError(error) ? error.code : error;
  }
}

describe('mergeParts', () => {
  it('puts rows together in the order of the parts', async () => {
    const parts = [[['b'], ['a']], [], [['c'], ['d'], ['e']]];
    expect(await merged(columnsOf('text'), parts)).toEqual([['b'], ['a'], ['c'], ['d'], ['e']]);
    expect(await merged(columnsOf('text'), parts, { limit: 2, offset: 1 })).toEqual([['a'], ['c']]);
    expect(await merged(columnsOf('text'), parts, { limit: 0 })).toEqual([]);
    expect(await merged(columnsOf('text'), parts, { offset: 4 })).toEqual([['e']]);
  });

  it('reads no more than the limit needs', async () => {
    const columns = columnsOf('integer');
    const reads = { count: 0 };
    const parts = [partOf(columns, [[1], [2], [3]]), partOf(columns, [[4]], reads)];
    const cursor = mergedCursor(await mergeParts(plan({ limit: 2 }), parts, 'mysql'));
    expect(await cursor.read(10)).toEqual([[1], [2]]);
    expect(reads.count).toBe(0);
  });

  it.each<[CanonicalType, Cell[][], Cell[]]>([
    ['integer', [[1, 10], [2, 9, null], [], [3]], [1, 2, 3, 9, 10, null]],
    [
      'bigint',
      [['9007199254740993'], ['9007199254740992', '10000000000000000']],
      ['9007199254740992', '9007199254740993', '10000000000000000'],
    ],
    ['decimal', [['-1.50', '2'], ['-1.4']], ['-1.50', '-1.4', '2']],
    [
      'float',
      [
        [-0.5, 'NaN'],
        ['-Infinity', 3],
      ],
      ['-Infinity', -0.5, 3, 'NaN'],
    ],
    [
      'timestamp',
      [['2024-01-01T00:00:05'], ['2024-01-01T00:00:05.5']],
      ['2024-01-01T00:00:05', '2024-01-01T00:00:05.5'],
    ],
    ['boolean', [[false, true], [false]], [false, false, true]],
  ])('merges %s in order', async (type, parts, expected) => {
    const found = await merged(
      columnsOf([type, type === 'float' ? 'float8' : type]),
      parts.map((cells) => cells.map((cell) => [cell])),
      { order: [by(0)] },
    );
    expect(found).toEqual(expected.map((cell) => [cell]));
  });

  it('merges downwards, NULL where the engine has it, ties in the order of the parts', async () => {
    const parts = [
      [
        [null, 'a'],
        [3, 'b'],
        [1, 'c'],
      ],
      [
        [3, 'd'],
        [1, 'e'],
      ],
    ];
    const order = [by(0, { descending: true, nullsFirst: true })];
    const found = (await merged(columnsOf('integer', 'text'), parts, { order })) as Row[];
    expect(found.map((row) => row[1])).toEqual(['a', 'b', 'd', 'c', 'e']);
  });

  it.each<[string, Dialect, string, string[], unknown]>([
    // `collation:weights:weight of a space`: a tab is before the blank that pads the shorter text.
    ['utf8mb4_general_ci', 'mysql', 'varchar(9)', ['00410009', '0041', '00410020', '0042'], [0, 1, 2, 3]],
    ['utf8mb4_nopad_bin', 'mysql', 'varchar(9)', ['41', '4109', '4120', '42'], [0, 1, 2, 3]],
    ['utf8mb4_uca1400_as_cs', 'mysql', 'varchar(9)', ['41'], 'shard.not_mergeable'],
    ['geostd8_general_ci', 'mysql', 'varchar(9)', ['41'], 'shard.not_mergeable'],
    ['utf8mb4_general_ci', 'mysql', 'enum', ['0041'], 'shard.not_mergeable'],
  ])('orders texts of %s by their weights', async (collation, dialect, nativeType, weights, expected) => {
    const rows = weights.map((weight, index) => [
      'x',
      index,
      `${collation}:${weight}:${'0020'.slice(-weight.length)}`,
    ]);
    const order = [{ ...by(0), collation: 0 }];
    const columns = columnsOf(['text', nativeType], 'integer', 'text');
    const found = await merged(columns, [rows.slice(0, 1), rows.slice(1)], { order, added: 1 }, dialect);
    expect(Array.isArray(found) ? found.map((row) => row[1]) : found).toEqual(expected);
  });

  it.each<[string, string, unknown]>([
    ['"C"', 'text', ['Z', 'a', '\uffff', '\u{1f600}']],
    ['"default"', 'text', 'shard.not_mergeable'],
    ['"C"', 'citext', 'shard.not_mergeable'],
    ['mine', 'text', 'shard.not_mergeable'],
  ])('orders texts of the collation %s in a %s of PostgreSQL', async (collation, nativeType, expected) => {
    const parts = [
      ['a', '\u{1f600}'],
      ['Z', '\uffff'],
    ].map((part) => part.map((text) => [text, collation]));
    const order = [{ ...by(0), collation: 0 }];
    const found = await merged(columnsOf(['text', nativeType], 'text'), parts, { order, added: 1 });
    expect(Array.isArray(found) ? found.flat() : found).toEqual(expected);
  });

  it('keeps the first of equal rows', async () => {
    const parts = [
      [
        ['1.0', 'a '],
        [null, null],
        ['2', 'b'],
      ],
      [
        ['1', 'A'],
        [null, null],
        ['1', 'c'],
      ],
    ].map((rows) =>
      rows.map(([number, text]) => [
        ...[number!, text!],
        text === null ? 'utf8mb4_general_ci' : `utf8mb4_general_ci:${weightOf(text!)}:0020`,
      ]),
    );
    const distinct = [item(0), { ...item(1), collation: 0 }];
    const found = await merged(columnsOf('decimal', 'text', 'text'), parts, { distinct, added: 1 }, 'mysql');
    expect(found).toEqual([
      ['1.0', 'a '],
      [null, null],
      ['2', 'b'],
      ['1', 'c'],
    ]);
  });
  const weightOf = (text: string): string =>
    Array.from(text.toUpperCase(), (letter) => letter.charCodeAt(0).toString(16).padStart(4, '0')).join('');

  it('folds groups and keeps what their rows say', async () => {
    const columns = columnsOf('integer', 'bigint', 'decimal', 'date', 'decimal', 'decimal', 'bigint');
    const parts = [
      [
        [1, '2', '0.10', '2024-02-01', '0.0500', '0.10', '2'],
        [2, '1', null, null, null, null, '0'],
      ],
      [
        [3, '9007199254740993', '1.00', '2024-01-01', '1.0000', '1.00', '1'],
        [1, '1', '-0.3', '2023-12-31', '-0.3000', '-0.3', '1'],
      ],
    ];
    const found = await merged(
      columns,
      parts,
      {
        added: 2,
        grouping: {
          keys: [item(0)],
          folds: [
            { fold: 'count', at: { item: 1 } },
            { fold: 'sum', at: { item: 2 } },
            { fold: 'min', at: { item: 3 }, key: item(3) },
            { fold: 'avg', at: { item: 4 }, sum: 0, count: 1 },
          ],
        },
        order: [by(1, { descending: true })],
        limit: 3,
      },
      'mysql',
    );
    expect(found).toEqual([
      [3, '9007199254740993', '1.00', '2024-01-01', '1.0000'],
      [1, '3', '-0.20', '2023-12-31', '-0.0667'],
      [2, '1', null, null, null],
    ]);
  });

  it.each<[string, CanonicalType, Cell[]]>([
    ['sum', 'float', [0.5]],
    ['sum', 'decimal', ['NaN']],
    ['max', 'date', ['infinity']],
    ['max', 'json', [new RawJson('{}')]],
    ['max', 'interval', ['P1D']],
  ])('refuses %s of %s %j', async (fold, type, cells) => {
    const at = { item: 0 };
    const folds = [fold === 'sum' ? { fold, at } : { fold: 'max' as const, at, key: item(0) }] as never;
    const parts = cells.map((cell) => [[cell]]);
    expect(await merged(columnsOf(type), parts, { grouping: { keys: [], folds } })).toBe(
      'shard.not_mergeable',
    );
  });

  it.each<CanonicalType>(['float', 'json', 'interval', 'array', 'other', 'timetz'])(
    'does not tell values of %s apart',
    async (type) => {
      expect(await merged(columnsOf(type), [[['x']]], { distinct: [item(0)] })).toBe('shard.not_mergeable');
    },
  );

  it('refuses parts of different columns', async () => {
    const parts = [partOf(columnsOf('integer'), [[1]]), partOf(columnsOf('bigint'), [['1']])];
    const cursor = mergedCursor(await mergeParts(plan(), parts, 'mysql'));
    await expect(cursor.read(10)).rejects.toMatchObject({ code: 'shard.not_mergeable' });
  });

  it('keeps no more groups or different rows than it may', async () => {
    const columns = columnsOf('integer');
    const rows = [[1], [2], [1], [3]];
    for (const more of [{ distinct: [item(0)] }, { grouping: { keys: [item(0)], folds: [] } }]) {
      const merge = await mergeParts(plan(more), [partOf(columns, rows)], 'mysql', new RowKeeper(2));
      await expect(mergedCursor(merge).read(10)).rejects.toMatchObject({ code: 'query.result_too_large' });
    }
  });
});
