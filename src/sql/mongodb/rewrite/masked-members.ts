import { isObject, itemsOf, membersOf, stageOf } from '../json';
import type { Json, JsonObject } from '../strict-json';
import { fieldsOfExpression } from './fields-read';

/** Top-level members that can carry masked values; `null`: any. */
export type Masked = ReadonlySet<string> | null;

type Step = (argument: Json, masked: Masked, lookedUp: boolean) => Masked;

export const noneMasked: Masked = new Set();
const topOf = (path: string): string => path.split('.', 1)[0] ?? path;
const isNone = (masked: Masked): boolean => masked?.size === 0;

function reads(value: Json, masked: Masked): boolean {
  const { paths, whole } = fieldsOfExpression(value);
  if (masked === null) return whole || paths.size > 0;
  return [...paths].some((path) => masked.has(topOf(path))) || (whole && masked.size > 0);
}

const without = (masked: Masked, names: readonly string[]): Masked =>
  masked === null ? null : new Set([...masked].filter((name) => !names.includes(name)));
const withThese = (masked: Masked, names: readonly string[]): Masked =>
  masked === null ? null : new Set([...masked, ...names]);
const same: Step = (_argument, masked) => masked;

/** Members made by an expression each, and nothing else. */
const computed: Step = (argument, masked) =>
  new Set(membersOf(argument).flatMap(([name, value]) => (reads(value, masked) ? [topOf(name)] : [])));

/** What `maskStages` gives a member. */
function isMask(name: string, value: Json): boolean {
  const vars = isObject(value) && isObject(value['$let']) ? value['$let']['vars'] : undefined;
  return isObject(vars) && vars['v1'] === `$$ROOT.${name}`;
}

const assign: Step = (argument, masked) => {
  let result = masked;
  for (const [name, value] of membersOf(argument)) {
    if (isMask(name, value) || reads(value, masked)) result = withThese(result, [topOf(name)]);
    else if (!name.includes('.') && !isObject(value)) result = without(result, [name]);
  }
  return result;
};

const isExcluded = (value: Json): boolean => value === 0 || value === false;
const project: Step = (argument, masked) => {
  const members = membersOf(argument);
  const named = members.filter(([name]) => name !== '_id');
  if ((named.length === 0 ? members : named).every(([, value]) => isExcluded(value)))
    return without(
      masked,
      members.map(([name]) => name),
    );
  const included = members.flatMap(([name, value]) => {
    const kept = value === 1 || value === true || isObject(value);
    return (kept && (masked === null || masked.has(topOf(name)))) || reads(value, masked)
      ? [topOf(name)]
      : [];
  });
  const id = members.some(([name]) => name === '_id') ? [] : ['_id'];
  return new Set([...included, ...id.filter((name) => masked === null || masked.has(name))]);
};

const steps: ReadonlyMap<string, Step> = new Map<string, Step>([
  ...['$match', '$sort', '$limit', '$skip', '$sample', '$unwind', '$redact'].map((name): [string, Step] => [
    name,
    same,
  ]),
  ['$set', assign],
  ['$addFields', assign],
  ['$project', project],
  ['$group', computed],
  ['$count', () => noneMasked],
  // leaves one member out; any other document may be made of masked ones
  [
    '$replaceWith',
    (argument, masked) =>
      (isObject(argument) && '$unsetField' in argument) || isNone(masked) ? masked : null,
  ],
  ['$sortByCount', (argument, masked) => (reads(argument, masked) ? new Set(['_id']) : noneMasked)],
  [
    '$unset',
    (argument, masked) =>
      without(
        masked,
        (Array.isArray(argument) ? itemsOf(argument) : [argument]).filter((name) => typeof name === 'string'),
      ),
  ],
  [
    '$lookup',
    (argument, masked, lookedUp) => {
      const { as, let: variables = null, localField } = isObject(argument) ? argument : {};
      const carries =
        lookedUp ||
        reads(variables, masked) ||
        (typeof localField === 'string' && reads(`$${localField}`, masked));
      return carries && typeof as === 'string' ? withThese(masked, [topOf(as)]) : masked;
    },
  ],
  ['$unionWith', (_argument, masked, lookedUp) => (lookedUp ? null : masked)],
  [
    '$facet',
    (argument, masked, lookedUp) =>
      new Set(
        membersOf(argument).flatMap(([name, pipeline]) =>
          isNone(maskedAfter(itemsOf(pipeline) as readonly JsonObject[], masked, lookedUp)) ? [] : [name],
        ),
      ),
  ],
  [
    '$setWindowFields',
    (argument, masked) => assign(isObject(argument) ? (argument['output'] ?? null) : null, masked, false),
  ],
]);

/**
 * Follows masked values through a pipeline, by top-level members. `lookedUp`: collections that the pipeline looks into
 * have masks too. Errs towards more.
 */
export function maskedAfter(pipeline: readonly JsonObject[], masked: Masked, lookedUp: boolean): Masked {
  let result = masked;
  for (const stage of pipeline) {
    const [name, argument] = stageOf(stage);
    const step = steps.get(name);
    if (step !== undefined) result = step(argument, result, lookedUp);
    else if (!isNone(result) || lookedUp) result = null;
  }
  return result;
}
