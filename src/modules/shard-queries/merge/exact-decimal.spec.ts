import { addDecimals, averageOf, compareDecimals, decimalOf, decimalText, plainText } from './exact-decimal';

it.each([
  ['0.00', '0'],
  ['-1.50', '-1.5'],
  ['100', '100'],
  ['9007199254740993.10', '9007199254740993.1'],
])('keeps the scale of %s and knows what it is equal to', (text, plain) => {
  expect(decimalText(decimalOf(text))).toBe(text);
  expect(plainText(decimalOf(text))).toBe(plain);
});

it('adds and compares past 2^53', () => {
  const [a, b] = [decimalOf('9007199254740993'), decimalOf('-0.05')];
  expect(decimalText(addDecimals(a, b))).toBe('9007199254740992.95');
  expect([
    compareDecimals(a, b),
    compareDecimals(b, a),
    compareDecimals(decimalOf('1.0'), decimalOf(1)),
  ]).toEqual([1, -1, 0]);
});

it.each(['NaN', 'Infinity', '1e5', '', null, true])('takes %p for no number', (cell) => {
  expect(() => decimalOf(cell)).toThrow('no finite number');
});

// What PostgreSQL 15 says: SELECT sum::numeric / count::bigint.
it.each<[string, number, string]>([
  ['10', 3, '3.3333333333333333'],
  ['0', 3, '0.00000000000000000000'],
  ['1', 3, '0.33333333333333333333'],
  ['-2', 3, '-0.66666666666666666667'],
  ['0.05', 7, '0.00714285714285714286'],
  ['100000', 7, '14285.714285714286'],
  ['12345678901234567890', 7, '1763668414462081127'],
  ['0.00000000000000000000000005', 7, '0.00000000000000000000000000714285714285714286'],
  ['123456.789', 1000, '123.4567890000000000'],
])('divides %s by %d as PostgreSQL does', (sum, count, expected) => {
  expect(decimalText(averageOf(decimalOf(sum), BigInt(count), decimalOf('0'), 'postgresql'))).toBe(expected);
});

// What MariaDB 10.11 says of the average of as many decimals.
it.each<[string, number, string, string]>([
  ['2', 3, '0.0000', '0.6667'],
  ['-0.05', 2, '0.000000', '-0.025000'],
  ['1.00', 8, '0.000000', '0.125000'],
])('divides %s by %d as MySQL does', (sum, count, shown, expected) => {
  expect(decimalText(averageOf(decimalOf(sum), BigInt(count), decimalOf(shown), 'mysql'))).toBe(expected);
});
