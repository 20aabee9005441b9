import { refuse } from '../../refused';
import { holds, isObject } from '../json';
import type { Json, JsonObject } from '../strict-json';
import { overlap } from './field-path';
import { fieldsOfFilter } from './fields-read';
import { conjuncts, isPlainFilter } from './plain-filter';
import type { Reading } from './reading';
import { fence, policyStages } from './stages';

const unsupported = (name: string, construct: string, why: string): never =>
  refuse(
    'policy.unsupported',
    `${construct} cannot be used on ${JSON.stringify(name)}: ${why}; an administrator can exempt you from its policy`,
    { construct },
  );

/** Whether a filter compares only, and nothing that the viewer does not meet as it is stored. */
function isAhead(filter: JsonObject, hidden: readonly string[]): boolean {
  const { paths, whole } = fieldsOfFilter(filter);
  return (
    isPlainFilter(filter) &&
    !whole &&
    [...paths].every((path) => hidden.every((secret) => !overlap(secret, path)))
  );
}

const hasText = (value: Json): boolean => holds(value, (part) => isObject(part) && '$text' in part);

/** Puts the caller's pipeline, in which others have been put in already, behind the stages of a protected reference. */
export function spliceUnder(
  reading: Reading,
  pipeline: readonly JsonObject[],
  written: readonly JsonObject[],
  fenced: boolean,
): JsonObject[] {
  const [first, ...rest] = pipeline;
  if (first !== undefined && '$geoNear' in first)
    return [...near(reading, first['$geoNear'] ?? null, fenced), ...rest];
  const wanted = conjuncts(first?.['$match']);
  const searches = wanted.filter((part) => '$text' in part);
  if (searches.length > 0) return underSearch(reading, wanted, rest);
  if (hasText(written)) unsupported(reading.name, '$text', 'a search has to come first');
  // copies of comparisons, for the indexes: what replaces the document, and the fence, keep the server from moving them
  const ahead = reading.isView ? [] : wanted.filter((part) => isAhead(part, reading.hidden));
  const moved = !fenced && !reading.stages({ ahead: [], fenced }).some((stage) => '$replaceWith' in stage);
  return [...reading.stages({ ahead: moved ? [] : ahead, fenced }), ...pipeline];
}

/** A full-text index may cover any member, so it is only asked where none is hidden. */
function underSearch(
  reading: Reading,
  wanted: readonly JsonObject[],
  rest: readonly JsonObject[],
): JsonObject[] {
  if (reading.isView) unsupported(reading.name, '$text', 'it is a view');
  if (reading.hidden.length > 0)
    unsupported(reading.name, '$text', 'the index may hold members that you may not read');
  const [search, ...others] = [
    ...wanted.filter((part) => '$text' in part),
    ...wanted.filter((part) => !('$text' in part)),
  ];
  if (hasText(others)) unsupported(reading.name, '$text', 'it stands inside another condition');
  return [
    ...reading.stages({ search, ahead: [], fenced: true }),
    ...(others.length === 0 ? [] : [{ $match: { $and: others } }]),
    ...rest,
  ];
}

/** `$geoNear` has to come first, and takes the row filter along. */
function near(reading: Reading, argument: Json, fenced: boolean): JsonObject[] {
  const { name, policy, hidden } = reading;
  if (!isObject(argument) || reading.isView || policy === null)
    return unsupported(name, '$geoNear', 'it is a view');
  const { key, distanceField, includeLocs, query } = argument;
  const named = [key, distanceField, includeLocs].filter((path) => typeof path === 'string');
  if (typeof key !== 'string') return unsupported(name, '$geoNear', 'it has to name its "key"');
  if (named.some((path) => hidden.some((secret) => overlap(secret, path))))
    return unsupported(name, '$geoNear', 'it uses a member that you may not read');
  if (isObject(query) && !isAhead(query, hidden))
    return unsupported(name, '$geoNear', 'its "query" may only compare members that you may read');
  const filters = [policy.filter, query ?? null].filter((filter) => filter !== null);
  return [
    { $geoNear: { ...argument, ...(filters.length === 0 ? {} : { query: { $and: filters } }) } },
    ...(fenced && policy.filter !== null ? [fence] : []),
    ...policyStages({ ...policy, filter: null }, { ahead: [], fenced: false }),
  ];
}
