import { parseByteRange } from './byte-range';

describe('parseByteRange', () => {
  it.each([
    ['bytes=0-0', { first: 0, last: 0 }],
    ['bytes=0-499', { first: 0, last: 99 }],
    ['bytes=10-19', { first: 10, last: 19 }],
    ['bytes=99-', { first: 99, last: 99 }],
    ['bytes=-1', { first: 99, last: 99 }],
    ['bytes=-500', { first: 0, last: 99 }],
    ['BYTES=5-6', { first: 5, last: 6 }],
    ['bytes= 5-6 ', { first: 5, last: 6 }],
    [`bytes=5-${'9'.repeat(400)}`, { first: 5, last: 99 }],
  ])('reads %s of 100 bytes', (header, range) => {
    expect(parseByteRange(header, 100)).toEqual(range);
  });

  it.each(['bytes=100-', 'bytes=100-200', 'bytes=-0', `bytes=${'9'.repeat(400)}-`])(
    'cannot satisfy %s of 100 bytes',
    (header) => {
      expect(parseByteRange(header, 100)).toBe('unsatisfiable');
    },
  );

  it.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=5-4',
    'bytes=+1-2',
    'bytes=1e1-20',
    'bytes=--1',
    'bytes=0-1,5-6',
    'rows=0-1',
    'bytes:0-1',
  ])('ignores %s', (header) => {
    expect(parseByteRange(header, 100)).toBeNull();
  });

  it('finds no range in nothing', () => {
    expect(parseByteRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(parseByteRange('bytes=-5', 0)).toBeNull();
  });
});
