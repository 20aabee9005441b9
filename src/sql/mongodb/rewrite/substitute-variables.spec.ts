import { Refused } from '../../refused';
import { matchesNothing, Substitution } from './substitute-variables';

const values = new Substitution(
  new Map<string, string | number | boolean | null>([
    ['name', '$$ROOT'],
    ['level', 3],
    ['nothing', null],
    ['id', '0123456789abcdef01234567'],
  ]),
);
const nothing = { $in: [] };

describe('variables of row filters', () => {
  it.each<[object, object]>([
    [{ a: ':name' }, { a: '$$ROOT' }],
    [{ a: { $in: [':level', ':name', 'x'] } }, { a: { $in: [3, '$$ROOT', 'x'] } }],
    [{ $or: [{ a: ':level' }, { b: { $gte: ':level' } }] }, { $or: [{ a: 3 }, { b: { $gte: 3 } }] }],
    [{ a: '::name' }, { a: ':name' }],
    [
      { a: ':not one', b: 'x:name', c: ':' },
      { a: ':not one', b: 'x:name', c: ':' },
    ],
    [{ ':name': 1 }, { ':name': 1 }],
    [{ a: { $oid: ':id' } }, { a: { $oid: '0123456789abcdef01234567' } }],
    [{ a: { $elemMatch: { b: ':level' } } }, { a: { $elemMatch: { b: 3 } } }],
    [{ a: { $elemMatch: { $gt: ':level' } } }, { a: { $elemMatch: { $gt: 3 } } }],
    [{ $expr: { $eq: ['$a', ':name'] } }, { $expr: { $eq: ['$a', { $literal: '$$ROOT' }] } }],
    [{ $expr: { $eq: ['$a', { $literal: ':name' }] } }, { $expr: { $eq: ['$a', { $literal: ':name' }] } }],
    // nothing is equal or unequal to a value that is not there
    [{ a: ':nothing' }, { a: nothing }],
    [{ a: { $ne: ':nothing' } }, { a: nothing }],
    [{ a: { $nin: [1, ':nothing'] } }, { a: nothing }],
    [{ $or: [{ a: ':nothing' }, { open: true }] }, { $or: [{ a: nothing }, { open: true }] }],
    [{ $nor: [{ a: ':nothing' }] }, matchesNothing],
    [{ a: { $not: { $eq: ':nothing' } } }, { a: nothing }],
    [{ $nor: [{ $and: [{ a: { $elemMatch: { b: ':nothing' } } }] }] }, matchesNothing],
    [{ $expr: { $ne: ['$a', ':nothing'] } }, matchesNothing],
  ])('%j', (filter, expected) => {
    expect(values.filter(filter as never)).toEqual(expected);
  });

  it.each([
    { a: ':unknown' },
    { a: { $regex: ':name' } },
    { a: { $regex: 'x', $options: ':name' } },
    { a: { $type: ':name' } },
    { a: { $oid: ':name' } },
    { $jsonSchema: { properties: { a: { pattern: ':name' } } } },
    { $expr: { $regexMatch: { input: '$a', regex: ':name' } } },
  ])('%j is broken', (filter) => {
    expect(() => values.filter(filter as never)).toThrow(
      expect.objectContaining({
        refusal: expect.objectContaining({ code: 'policy.broken' }) as unknown,
      }) as Refused,
    );
  });
});

describe('variables of masks', () => {
  it('become literals', () => {
    expect(values.expression({ $concat: ['$a', ':name', ':nothing', '::name'] })).toEqual({
      $concat: ['$a', { $literal: '$$ROOT' }, { $literal: null }, ':name'],
    });
  });
});
