import fc from 'fast-check';
import { RawJson, type Column, type Row } from '../../drivers/cell';
import { encodeCell } from '../../drivers/encode-cell';
import { encodeRows } from './collect-result';
import { encodeResult } from './query-result';
import { uniqueNames } from './unique-names';

const head = {
  queryId: 'q',
  executionTimeMs: 1.23456,
  cached: false,
  maskedColumns: null,
  metadata: { engine: 'sqlite' },
};
const column = (name: string): Column => ({ name, type: 'text', nativeType: 'text' });

function encode(
  columns: Column[],
  rows: Row[],
  mode: 'object' | 'array',
  truncated = false,
): Record<string, unknown> {
  return JSON.parse(
    encodeResult(head, encodeRows({ columns, rows, truncated, affectedRows: null }, mode)).toString(),
  ) as Record<string, unknown>;
}

describe('encodeResult', () => {
  it('writes row objects in the order of the columns and keeps two columns of one name', () => {
    expect(encode([column('id'), column('id'), column('n')], [[1, '2', null]], 'object')).toEqual({
      queryId: 'q',
      success: true,
      columns: [
        { name: 'id', type: 'text', nativeType: 'text', masked: false },
        { name: 'id_2', type: 'text', nativeType: 'text', masked: false },
        { name: 'n', type: 'text', nativeType: 'text', masked: false },
      ],
      data: [{ id: 1, id_2: '2', n: null }],
      rowCount: 1,
      truncated: false,
      executionTimeMs: 1.235,
      cached: false,
      metadata: { engine: 'sqlite' },
    });
  });

  it('writes arrays, and null where a row is shorter than the columns', () => {
    expect(encode([column('a'), column('b')], [['x'], [true, [1, ['y', null]]]], 'array').data).toEqual([
      ['x', null],
      [true, [1, ['y', null]]],
    ]);
  });

  it('passes JSON text through with its numbers as they were written', () => {
    const { data } = encodeRows(
      {
        columns: [column('j')],
        rows: [[new RawJson('{"n":12345678901234567890.10}')]],
        truncated: false,
        affectedRows: null,
      },
      'object',
    );
    expect(data.toString()).toContain('"j":{"n":12345678901234567890.10}');
  });

  it('writes any text and any column name as JSON that reads back the same', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, (name, value) => {
        const result = encode([column(name)], [[value]], 'object');
        expect((result.data as Record<string, unknown>[])[0]![name]).toBe(value);
      }),
    );
  });

  it('writes what JSON numbers cannot say as text', () => {
    expect([Number.NaN, Infinity, -Infinity, -0.5, 0, -0].map(encodeCell)).toEqual([
      '"NaN"',
      '"Infinity"',
      '"-Infinity"',
      '-0.5',
      '0',
      '-0',
    ]);
  });
});

describe('uniqueNames', () => {
  it('never gives one name twice, nor takes one that a column has by itself', () => {
    expect(uniqueNames(['id', 'id', 'id_2', 'id'])).toEqual(['id', 'id_3', 'id_2', 'id_4']);
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'a_2', 'a_3', 'a_2_2', '')), (names) => {
        expect(new Set(uniqueNames(names)).size).toBe(names.length);
      }),
    );
  });

  it('leaves names alone that are unique', () => {
    expect(uniqueNames(['b', 'a', 'A'])).toEqual(['b', 'a', 'A']);
  });
});
