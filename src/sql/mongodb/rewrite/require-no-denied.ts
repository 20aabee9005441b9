import { refuse } from '../../refused';
import { isObject, itemsOf, membersOf, stageOf } from '../json';
import type { Json, JsonObject } from '../strict-json';
import { isWithin } from './field-path';
import { fieldsOfExpression, fieldsOfFilter } from './fields-read';
import type { Reading } from './reading';

type Names = (argument: Json) => Iterable<string>;

const inExpressions: Names = (argument) => fieldsOfExpression(argument).paths;
/** Members that are asked for, and those that expressions read; leaving a member out is no reading. */
const inProjection: Names = (argument) => [
  ...membersOf(argument)
    .filter(([, value]) => value !== 0 && value !== false)
    .map(([name]) => name),
  ...inExpressions(argument),
];

/** Paths of the documents by stage; every other stage reads by expressions alone. */
const names: ReadonlyMap<string, Names> = new Map<string, Names>([
  ['$match', (argument) => fieldsOfFilter(argument).paths],
  ['$sort', (argument) => membersOf(argument).map(([name]) => name)],
  ['$project', inProjection],
  ['$unset', () => []],
  [
    '$lookup',
    (argument) => {
      const { localField, let: variables } = isObject(argument) ? argument : {};
      return [...(typeof localField === 'string' ? [localField] : []), ...inExpressions(variables ?? null)];
    },
  ],
  ['$unionWith', () => []],
  ['$facet', () => []],
  ['$out', () => []],
  ['$merge', () => []],
]);

/** After these the members are others than those of the collection. */
const reshaping = new Set(
  '$project $group $count $sortByCount $replaceRoot $replaceWith $bucket $bucketAuto $facet'.split(' '),
);

/** Members that a stage gives a value of its own. */
function assigned(stage: string, argument: Json): string[] {
  const as = isObject(argument) && typeof argument['as'] === 'string' ? [argument['as']] : [];
  return stage === '$set' || stage === '$addFields' ? Object.keys(isObject(argument) ? argument : {}) : as;
}

/**
 * Tells the caller that a member is not permitted, where the pipeline still sees the documents of the collection; behind
 * that the member is just not there.
 *
 * @throws Refused `permission.column_denied`
 */
export function requireNoDenied({ policy, name }: Reading, pipeline: readonly JsonObject[]): void {
  if (policy !== null && policy.denied.length > 0) requireWithout(name, policy.denied, pipeline, []);
}

function requireWithout(
  name: string,
  denied: readonly string[],
  pipeline: readonly JsonObject[],
  before: readonly string[],
): void {
  const own = [...before];
  for (const stage of pipeline) {
    const [kind, argument] = stageOf(stage);
    for (const path of (names.get(kind) ?? inExpressions)(argument))
      for (const secret of denied)
        if (isWithin(path, secret) && !own.some((other) => isWithin(path, other))) refuseColumn(name, secret);
    if (kind === '$facet')
      for (const [, inner] of membersOf(argument))
        requireWithout(name, denied, itemsOf(inner) as readonly JsonObject[], own);
    if (reshaping.has(kind)) return;
    own.push(...assigned(kind, argument));
  }
}

export const refuseColumn = (collection: string, path: string): never =>
  refuse(
    'permission.column_denied',
    `The column ${JSON.stringify(path)} of ${JSON.stringify(collection)} is not permitted; an administrator of this connection can permit it`,
    { construct: path },
  );
