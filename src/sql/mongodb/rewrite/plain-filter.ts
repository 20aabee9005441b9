import { isObject, itemsOf, membersOf } from '../json';
import type { Json, JsonObject } from '../strict-json';

const comparisons = new Set('$eq $ne $gt $gte $lt $lte $in $nin $exists $type $size $all $mod'.split(' '));
/** Extended JSON of values. */
const wrappers = new Set(
  (
    '$oid $date $numberInt $numberLong $numberDouble $numberDecimal $binary $uuid $timestamp $minKey $maxKey ' +
    '$undefined $ref $id $db'
  ).split(' '),
);
/** Operators of expressions that take any value and never fail. */
const expressions = new Set(
  '$eq $ne $gt $gte $lt $lte $cmp $and $or $not $literal $ifNull $type $isArray $isNumber'.split(' '),
);

/** A pattern that takes no more than quadratic time: no groups to repeat, at most two repetitions. */
const isPlainPattern = (pattern: Json | undefined): boolean =>
  typeof pattern === 'string' &&
  pattern.length <= 200 &&
  !/[()]|\\[1-9gk]/.test(pattern) &&
  (pattern.match(/[*+?{]/g) ?? []).length <= 2;

/** Both ways in which Extended JSON writes a pattern as a value. */
function values(value: Json): boolean {
  if (!isObject(value)) return itemsOf(value).every(values);
  const { $regularExpression: written, $regex: pattern } = value;
  if (written !== undefined) return isObject(written) && isPlainPattern(written['pattern']);
  return pattern === undefined || isPlainPattern(pattern);
}

const isOperators = (value: Json): boolean =>
  isObject(value) && Object.keys(value).every((name) => name.startsWith('$'));

function isPlainCondition(value: Json): boolean {
  if (!isObject(value)) return values(value);
  return Object.entries(value).every(([name, member]) => {
    if (name === '$elemMatch')
      return isPlainFilter(member) || (isOperators(member) && isPlainCondition(member));
    if (name === '$not') return isPlainCondition(member);
    if (name === '$regex') return isPlainPattern(member) || (isObject(member) && values(member));
    if (name === '$options') return true;
    if (name === '$regularExpression') return values(value);
    // a whole document to be equal to is a value too
    return comparisons.has(name) ? values(member) : wrappers.has(name) || !name.startsWith('$');
  });
}

function isPlainExpression(value: Json): boolean {
  if (Array.isArray(value)) return itemsOf(value).every(isPlainExpression);
  return membersOf(value).every(
    ([name, member]) => name === '$literal' || (expressions.has(name) && isPlainExpression(member)),
  );
}

/**
 * Whether a filter only compares: then it fails on no document and takes about as long on each, and the server may try it
 * on documents that a row filter hides.
 */
export function isPlainFilter(value: Json): boolean {
  return (
    isObject(value) &&
    Object.entries(value).every(([name, member]) => {
      if (name === '$and' || name === '$or' || name === '$nor') return itemsOf(member).every(isPlainFilter);
      if (name === '$expr') return isPlainExpression(member);
      if (name === '$comment') return true;
      return !name.startsWith('$') && isPlainCondition(member);
    })
  );
}

/** The parts of a filter that all have to hold. */
export function conjuncts(value: Json | undefined): JsonObject[] {
  return membersOf(value).flatMap(([name, member]) =>
    name === '$and' ? itemsOf(member).flatMap(conjuncts) : [{ [name]: member }],
  );
}
