import { conjuncts, isPlainFilter } from './plain-filter';

describe('a filter that may be tried on hidden documents', () => {
  it.each([
    {},
    { a: 1, 'b.c': null },
    { a: { $gt: 1, $lte: { $date: '2020-01-01T00:00:00Z' } } },
    { a: { $in: [1, { $oid: '0123456789abcdef01234567' }] }, b: { $nin: [] } },
    { $or: [{ a: 1 }, { $nor: [{ b: { $exists: true } }] }], $comment: 'x' },
    { a: { $not: { $elemMatch: { b: 1, c: { $ne: 2 } } } } },
    { a: { $elemMatch: { $gt: 1 } } },
    { a: { $regex: '^ab.*c$', $options: 'i' } },
    { a: { $regularExpression: { pattern: '^a+b', options: '' } } },
    { a: { b: 1, c: [2] } },
    { $expr: { $and: [{ $gt: ['$a', '$b'] }, { $not: [{ $eq: ['$c', { $literal: '$x' }] }] }] } },
  ])('%j compares only', (filter) => {
    expect(isPlainFilter(filter as never)).toBe(true);
  });

  it.each([
    { $expr: { $divide: [1, '$a'] } },
    { $expr: { $eq: [1, { $toInt: '$a' }] } },
    { $expr: { $in: ['$a', '$b'] } },
    { a: { $regex: '(a+)+$' } },
    { a: { $regex: 'a*b*c*' } },
    { a: { $regex: '\\1' } },
    { a: { $in: [{ $regex: '(a+)+$', $options: '' }] } },
    { a: { $in: [{ $regularExpression: { pattern: '(a+)+', options: '' } }] } },
    { a: { $not: { $regex: '(a|b)*' } } },
    { $jsonSchema: {} },
    { $text: { $search: 'x' } },
    { a: { $geoWithin: {} } },
    { a: { $near: [1, 2] } },
    { $or: [{ a: 1 }, { $expr: { $sqrt: '$a' } }] },
    { a: { $elemMatch: { b: { $regex: '(x)' } } } },
    { $sampleRate: 0.5 },
    null,
    [],
  ])('%j does more', (filter) => {
    expect(isPlainFilter(filter as never)).toBe(false);
  });

  it('is taken apart into what has to hold', () => {
    expect(conjuncts({ a: 1, $and: [{ b: 2, c: 3 }, { $or: [{ d: 4 }] }] })).toEqual([
      { a: 1 },
      { b: 2 },
      { c: 3 },
      { $or: [{ d: 4 }] },
    ]);
  });
});
