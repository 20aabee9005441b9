import { AppError } from '../../../common/app-error';
import { RawJson, type Cell } from '../../../drivers/cell';
import { columnarTypeOf, columnarValue, type ColumnarType } from './columnar-type';

describe('columnarTypeOf', () => {
  it.each([
    ['integer', 'int4', 'int64'],
    ['bigint', 'int8', 'int64'],
    ['bigint', 'bigint unsigned', 'uint64'],
    ['decimal', 'numeric(12,2)', 'string'],
    ['json', 'jsonb', 'string'],
    ['mixed', 'a|b', 'string'],
    ['bytes', 'bytea', 'binary'],
  ] as const)('takes %s (%s) for %s', (type, nativeType, expected) => {
    expect(columnarTypeOf({ name: 'a', type, nativeType, masked: false })).toBe(expected);
  });
});

describe('columnarValue', () => {
  it.each<[Cell, ColumnarType, unknown]>([
    [null, 'int64', null],
    [-5, 'int64', -5n],
    ['9223372036854775807', 'int64', 9223372036854775807n],
    ['18446744073709551615', 'uint64', 18446744073709551615n],
    ['NaN', 'double', NaN],
    ['-Infinity', 'double', -Infinity],
    [new RawJson('-0'), 'double', -0],
    ['AP8=', 'binary', Buffer.from([0, 255])],
    ['1969-12-31', 'date', -1],
    ['1969-12-31T23:59:59.999999', 'timestamp', -1n],
    ['1970-01-01T00:00:01.5Z', 'timestamptz', 1_500_000n],
    [['1', null], 'string', '["1",null]'],
    [12, 'string', '12'],
  ])('reads %j as %s', (cell, type, expected) => {
    expect(columnarValue(cell, type, 'a')).toEqual(expected);
  });

  it.each<[Cell, ColumnarType]>([
    ['9223372036854775808', 'int64'],
    ['-1', 'uint64'],
    [1.5, 'int64'],
    ['infinity', 'date'],
    ['0000-00-00', 'date'],
    ['0044-03-15T12:00:00 BC', 'timestamp'],
    ['10000-01-01T00:00:00Z', 'timestamptz'],
    [new RawJson('{"$text":"x"}'), 'int64'],
    [1, 'boolean'],
  ])('refuses %j as %s without repeating it', (cell, type) => {
    let caught: unknown;
    try {
      columnarValue(cell, type, 'the column');
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({
      code: 'query.invalid_value',
      message: `A value of the column does not fit a column of type ${type}; cast it to text`,
    });
    expect(caught).toBeInstanceOf(AppError);
  });
});
