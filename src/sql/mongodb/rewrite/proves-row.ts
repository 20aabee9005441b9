import { isObject, itemsOf, isSame, membersOf } from '../json';
import type { Json, JsonObject } from '../strict-json';

/** The value at a path through documents; `undefined` where there is none, or an array is in between. */
function valueAt(document: Json, path: string): Json | undefined {
  let value: Json | undefined = document;
  for (const part of path.split('.')) value = isObject(value) ? value[part] : undefined;
  return value;
}

const isScalar = (value: Json | undefined): value is Json =>
  value !== undefined &&
  value !== null &&
  !Array.isArray(value) &&
  (!isObject(value) || ['$oid', '$numberInt', '$numberLong', '$date'].includes(Object.keys(value)[0] ?? ''));

function provesCondition(value: Json | undefined, condition: Json): boolean {
  if (!isScalar(value)) return false;
  if (isScalar(condition)) return isSame(value, condition);
  return (
    isObject(condition) &&
    membersOf(condition).every(([operator, operand]) => {
      if (operator === '$eq') return isScalar(operand) && isSame(value, operand);
      return operator === '$in' && itemsOf(operand).some((item) => isScalar(item) && isSame(value, item));
    })
  );
}

/**
 * Whether a document that is about to be written certainly satisfies a row filter: shown for filters that ask members for
 * equality with a text, number, boolean, date or ObjectId, written in the same way. Everything else is not shown.
 */
export function provesRow(filter: JsonObject, document: Json): boolean {
  return Object.entries(filter).every(([name, condition]) => {
    if (name === '$and')
      return itemsOf(condition).every((part) => isObject(part) && provesRow(part, document));
    return !name.startsWith('$') && provesCondition(valueAt(document, name), condition);
  });
}
