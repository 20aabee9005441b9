import type { JsonObject } from '../strict-json';
import { maskedAfter } from './masked-members';

const after = (stages: JsonObject[], lookedUp = false): string[] | null => {
  const masked = maskedAfter(stages, new Set(['email', 'profile']), lookedUp);
  return masked === null ? null : [...masked].toSorted();
};

it.each<[JsonObject[], string[] | null]>([
  [
    [{ $match: { email: 'x' } }, { $sort: { email: 1 } }, { $limit: 1 }],
    ['email', 'profile'],
  ],
  [[{ $set: { copy: '$email', other: '$city' } }], ['copy', 'email', 'profile']],
  [[{ $set: { email: 'mine' } }], ['profile']],
  [[{ $set: { 'city.x': { $concat: ['$profile.a', 'x'] } } }], ['city', 'email', 'profile']],
  [[{ $set: { all: '$$ROOT' } }], ['all', 'email', 'profile']],
  [[{ $set: { one: { $getField: { $concat: ['a'] } } } }], ['email', 'one', 'profile']],
  [[{ $project: { email: 1, city: 1 } }], ['email']],
  [[{ $project: { 'profile.a': 1, x: '$email' } }], ['profile', 'x']],
  [[{ $project: { x: { y: '$email' } } }], ['x']],
  [[{ $project: { email: 0 } }], ['profile']],
  [[{ $unset: 'email' }, { $unset: ['profile'] }], []],
  [[{ $group: { _id: '$email', n: { $sum: 1 }, a: { $push: '$profile' } } }], ['_id', 'a']],
  [[{ $group: { _id: '$city', n: { $sum: 1 } } }], []],
  [[{ $count: 'n' }], []],
  [[{ $sortByCount: '$email' }], ['_id']],
  [[{ $replaceWith: '$profile' }], null],
  [[{ $unset: ['email', 'profile'] }, { $replaceWith: '$x' }], []],
  [[{ $facet: { a: [{ $count: 'n' }], b: [] } }], ['b']],
  [[{ $lookup: { from: 'x', localField: 'a', foreignField: 'b', as: 'j' } }], ['email', 'profile']],
  [[{ $lookup: { from: 'x', let: { e: '$email' }, pipeline: [], as: 'j' } }], ['email', 'j', 'profile']],
  [[{ $bucket: { groupBy: '$age', boundaries: [] } }], null],
])('%j', (stages, expected) => {
  expect(after(stages)).toEqual(expected);
});

it('counts what is looked up in collections with masks', () => {
  expect(after([{ $lookup: { from: 'x', as: 'j', pipeline: [] } }], true)).toEqual(['email', 'j', 'profile']);
  expect(after([{ $unionWith: 'x' }], true)).toBeNull();
});
