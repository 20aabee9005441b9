/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const fields = (
  '_id tenant city age email phone card name notes salary level ssn profile profile.mother profile.ssn profile.likes ' +
  'contacts contacts.value contacts.kind x y x.email x.name x.contacts.value mail customer total secret'
).split(' ');
const open = '_id tenant city age x y'.split(' ');
const collections = 'customers customers customers orders goods staff residents bernese joined payroll'.split(
  ' ',
);

/** Operations over the collections of the tests, at random, mostly well formed. */
export function randomOperations(seed: number): () => object {
  const next = generator(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!;
  const some = <T>(most: number, make: () => T): T[] =>
    Array.from({ length: 1 + Math.floor(next() * most) }, make);
  const field = (): string => pick(next() < 0.15 ? fields : fields.filter((name) => !name.includes('ssn')));
  const path = (): string =>
    next() < 0.1 ? pick(['$$ROOT', '$$CURRENT', `$$ROOT.${field()}`]) : `$${field()}`;

  const expressions: readonly ((depth: number) => unknown)[] = [
    path,
    path,
    path,
    () => pick(['zqx', 1, null, true, 'acme']),
    (depth) => ({ $ifNull: [expression(depth), expression(depth)] }),
    (depth) => ({ $cond: [expression(depth), expression(depth), expression(depth)] }),
    (depth) => ({ $eq: [expression(depth), expression(depth)] }),
    (depth) => ({ $convert: { input: expression(depth), to: 'string', onError: 'no', onNull: 'none' } }),
    (depth) => ({ $mergeObjects: ['$$ROOT', { x: expression(depth) }] }),
    () => ({ $objectToArray: '$$ROOT' }),
    () => ({ $getField: { field: field(), input: '$$ROOT' } }),
    (depth) => ({
      $let: { vars: { v1: expression(depth), value: path() }, in: ['$$v1', '$$value', path()] },
    }),
    (depth) => ({ $map: { input: [expression(depth)], as: 'element', in: ['$$element', path()] } }),
    (depth) => ({
      $reduce: { input: [path()], initialValue: '', in: [expression(depth), '$$this', '$$value'] },
    }),
    (depth) => [expression(depth), expression(depth)],
    (depth) => ({
      $switch: { branches: [{ case: expression(depth), then: path() }], default: expression(depth) },
    }),
    () => ({ $type: path() }),
  ];
  const expression = (depth: number): unknown => (depth <= 0 ? path() : pick(expressions)(depth - 1));

  const conditions: readonly (() => unknown)[] = [
    () => pick(['acme', 'other', 'Zug', 'zqxmailone@example.com', 4, null]),
    () => ({ $gt: pick(['', 0, null]) }),
    () => ({ $regex: pick(['^z', 'q', '.*@', '(a|z)+']) }),
    () => ({ $exists: next() < 0.5 }),
    () => ({ $in: ['acme', 'other', 5, null] }),
    () => ({ $not: { $type: 'string' } }),
    () => ({ $elemMatch: { kind: 'work' } }),
  ];
  const filter = (depth: number): object =>
    pick<() => object>([
      () => ({ [field()]: pick(conditions)() }),
      () => ({ [pick(open)]: pick(conditions)() }),
      () => ({ [pick(['$and', '$or', '$nor'])]: depth <= 0 ? [{}] : some(3, () => filter(depth - 1)) }),
      () => ({ $expr: expression(depth) }),
    ])();
  const named = (depth: number): object =>
    Object.fromEntries(some(3, () => [pick(['x', 'y', 'z', 'email', 'mine']), expression(depth)]));

  const stages: readonly ((depth: number) => object)[] = [
    (depth) => ({ $match: filter(depth) }),
    (depth) => ({ $match: filter(depth) }),
    (depth) => ({ $set: named(depth) }),
    (depth) => ({ $project: named(depth) }),
    () => ({ $project: Object.fromEntries(some(4, () => [field().split('.')[0]!, 1])) }),
    () => ({ $unset: field() }),
    () => ({ $unwind: { path: `$${field()}`, preserveNullAndEmptyArrays: next() < 0.5 } }),
    () => ({ $sort: { [field()]: pick([1, -1]) } }),
    () => ({ $limit: 1 + Math.floor(next() * 5) }),
    (depth) => ({ $group: { _id: expression(depth), x: { $push: expression(depth) }, y: { $max: path() } } }),
    () => ({ $sortByCount: path() }),
    (depth) => ({
      $replaceWith: { $mergeObjects: [{ y: expression(depth) }, pick(['$$ROOT', '$x', '$profile'])] },
    }),
    (depth) => ({ $redact: { $cond: [{ $eq: [expression(depth), 1] }, '$$PRUNE', '$$KEEP'] } }),
    (depth) => ({
      $lookup: { from: pick(collections), as: pick(['x', 'y']), pipeline: pipeline(depth - 1) },
    }),
    () => ({ $lookup: { from: pick(collections), localField: field(), foreignField: field(), as: 'x' } }),
    (depth) => ({
      $lookup: {
        from: pick(collections),
        let: { v1: expression(depth), local: path() },
        localField: field(),
        foreignField: field(),
        pipeline: [{ $set: { y: '$$v1', z: '$$local' } }, ...pipeline(depth - 1)],
        as: 'x',
      },
    }),
    (depth) => ({ $unionWith: { coll: pick(collections), pipeline: pipeline(depth - 1) } }),
    (depth) => ({ $facet: { x: pipeline(0), y: [{ $match: filter(depth) }] } }),
    (depth) => ({ $setWindowFields: { sortBy: { _id: 1 }, output: { x: { $push: expression(depth) } } } }),
  ];
  const pipeline = (depth: number): object[] => (depth < 0 ? [] : some(4, () => pick(stages)(depth)));

  return () =>
    pick<() => object>([
      () => ({ operation: 'aggregate', collection: pick(collections), pipeline: pipeline(2) }),
      () => ({ operation: 'aggregate', collection: pick(collections), pipeline: pipeline(1) }),
      () => ({
        operation: 'find',
        collection: pick(collections),
        filter: filter(2),
        sort: { [field()]: pick([1, -1]) },
        ...(next() < 0.5 ? { projection: named(2) } : {}),
      }),
      () => ({ operation: 'distinct', collection: pick(collections), field: field(), filter: filter(1) }),
      () => ({ operation: 'count', collection: pick(collections), filter: filter(2) }),
    ])();
}
