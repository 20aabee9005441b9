import { provesRow } from './proves-row';

it.each<[object, object]>([
  [{}, { a: 1 }],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ 'a.b': 'x' }, { a: { b: 'x' } }],
  [{ a: { $in: ['x', 'y'] } }, { a: 'y' }],
  [
    { $and: [{ a: true }, { b: { $eq: { $oid: '0123456789abcdef01234567' } } }] },
    { a: true, b: { $oid: '0123456789abcdef01234567' } },
  ],
])('%j certainly holds for %j', (filter, document) => {
  expect(provesRow(filter as never, document as never)).toBe(true);
});

it.each<[object, object]>([
  [{ a: 1 }, {}],
  [{ a: 1 }, { a: '1' }],
  [{ a: 1 }, { a: [1] }],
  [{ a: null }, {}],
  [{ a: null }, { a: null }],
  [{ 'a.b': 1 }, { 'a.b': 1 }],
  [{ 'a.b': 1 }, { a: [{ b: 1 }] }],
  [{ a: { $ne: 1 } }, { a: 2 }],
  [{ a: { $in: [] } }, { a: 1 }],
  [{ a: { b: 1 } }, { a: { b: 1 } }],
  [{ $or: [{ a: 1 }] }, { a: 1 }],
  [{ $expr: true }, { a: 1 }],
])('nothing is said of %j and %j', (filter, document) => {
  expect(provesRow(filter as never, document as never)).toBe(false);
});
