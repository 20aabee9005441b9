import { refuse } from '../../refused';
import { holds, isObject, membersOf } from '../json';
import type { Json, JsonObject } from '../strict-json';

const unsupported = (construct: string, why: string): never =>
  refuse('policy.unsupported', `${construct} ${why}`, { construct });

/** A count as JSON or Extended JSON writes it. */
export function numberIn(value: Json | undefined): number {
  const [[, digits] = []] = membersOf(value);
  return Number(digits ?? value ?? 0);
}

const isEmpty = (value: Json | undefined): boolean => membersOf(value).length === 0;

/** The filter of `find` and `count` as a stage. */
export function matchStages(filter: Json | undefined): JsonObject[] {
  if (filter === undefined || isEmpty(filter)) return [];
  const near = ['$near', '$nearSphere'].find((name) =>
    holds(filter, (part) => isObject(part) && name in part),
  );
  if (near !== undefined)
    unsupported(near, 'cannot be used on a collection with a policy: $geoNear in a pipeline does the same');
  return [{ $match: filter }];
}

export function skipAndLimit(skip: Json | undefined, limit: Json | undefined): JsonObject[] {
  return [
    ...(numberIn(skip) === 0 || skip === undefined ? [] : [{ $skip: skip }]),
    ...(numberIn(limit) === 0 || limit === undefined ? [] : [{ $limit: limit }]),
  ];
}

/** The order of the documents in the collection is a hint of a pipeline. */
export const isNatural = (sort: Json | undefined): sort is JsonObject =>
  isObject(sort) && Object.keys(sort).length === 1 && '$natural' in sort;

export function sortStages(sort: Json | undefined): JsonObject[] {
  if (sort === undefined || isEmpty(sort) || isNatural(sort)) return [];
  return [{ $sort: sort }];
}

/**
 * The projection of `find` as stages. Both know the same expressions (since MongoDB 4.4); `$slice` with a number is of
 * `find` alone, and what picks an element by the filter or a condition has no other form.
 */
export function projectStages(projection: Json | undefined): JsonObject[] {
  const members = membersOf(projection);
  for (const [name, value] of members) {
    if (/(?:^|\.)\$/.test(name)) unsupported('A positional projection', 'cannot be used under a policy');
    if (isObject(value) && '$elemMatch' in value)
      unsupported('$elemMatch', 'in a projection cannot be used under a policy: $filter does the same');
  }
  const slices = members.filter(([, value]) => isFindSlice(value));
  const others = members.filter(([, value]) => !isFindSlice(value));
  const includes = others.some(([name, value]) => name !== '_id' && !isExclusion(value));
  const projected: [string, Json][] = [
    ...others,
    ...(includes ? slices.map(([name]): [string, Json] => [name, 1]) : []),
  ];
  return [
    ...(projected.length === 0 ? [] : [{ $project: Object.fromEntries(projected) }]),
    ...slices.map(([name, value]) => sliceStage(name, isObject(value) ? (value['$slice'] ?? null) : null)),
  ];
}

const isExclusion = (value: Json): boolean =>
  value === false || (typeof value !== 'string' && !Array.isArray(value) && isZero(value));
const isZero = (value: Json): boolean =>
  value === 0 || (isObject(value) && /^\$number/.test(Object.keys(value)[0] ?? '') && numberIn(value) === 0);

/** `{"$slice": 3}` and `{"$slice": [2, 3]}` of `find`; with an array in front it is the expression. */
function isFindSlice(value: Json): boolean {
  if (!isObject(value) || !('$slice' in value)) return false;
  const { $slice: slice = null } = value;
  return Array.isArray(slice)
    ? (slice as readonly Json[]).length === 2 && typeof slice[0] !== 'string' && isCount(slice[0] ?? null)
    : true;
}
const isCount = (value: Json): boolean =>
  typeof value === 'number' || (isObject(value) && /^\$number/.test(Object.keys(value)[0] ?? ''));

function sliceStage(name: string, slice: Json): JsonObject {
  if (name.includes('.')) unsupported('$slice', 'of a nested array cannot be used under a policy');
  const field = `$${name}`;
  const parts = Array.isArray(slice) ? (slice as readonly Json[]) : [slice];
  return {
    $set: { [name]: { $cond: [{ $isArray: [field] }, { $slice: [field, ...parts] }, field] } },
  };
}
