import { refuse } from '../../refused';
import { holds, isObject, isSame, itemsOf, membersOf, textOf } from '../json';
import type { Json, JsonObject } from '../strict-json';
import type { CompiledPolicy } from './compiled-policy';
import type { PipelineRewriter } from './pipeline-rewriter';
import { fence } from './stages';
import { isWriteOperation } from './rewrite-write';

const unproved = (name: string): never =>
  refuse('policy.unsupported', `It cannot be shown that the policy of ${JSON.stringify(name)} is kept`);

/** Whether a pipeline begins with what the policy lets through, and nothing of the caller's that could see more. */
function beginsWith(pipeline: readonly Json[], { filter, columns }: CompiledPolicy): boolean {
  const stages = [...pipeline];
  const take = (wanted: (stage: JsonObject) => boolean): boolean => {
    const [stage] = stages;
    if (!isObject(stage) || !wanted(stage)) return false;
    stages.shift();
    return true;
  };
  const query = (stage: JsonObject): Json | undefined =>
    isObject(stage['$geoNear']) ? stage['$geoNear']['query'] : undefined;
  take((stage) => isObject(stage['$match']) && isSame(Object.keys(stage['$match']), ['$text']));
  const near = take(
    (stage) => '$geoNear' in stage && (filter === null || isSame(andOf(query(stage))[0], filter)),
  );
  if (!near && filter !== null && !take((stage) => isSame(stage['$match'], filter))) return false;
  take((stage) => isSame(Object.keys(stage), ['$match']) && columns.length > 0);
  take((stage) => '$limit' in stage && isSame(stage, fence));
  return columns.every((column) => take((stage) => isSame(stage, column)));
}

const andOf = (value: Json | undefined): readonly Json[] => (isObject(value) ? itemsOf(value['$and']) : []);

/** Asks of every collection that the operation names, at any depth, whether it is read behind its policy. */
export function proveRewritten(
  operation: JsonObject,
  rewriter: PipelineRewriter,
  written: ReadonlySet<Json>,
): void {
  const require = (name: Json | undefined, pipeline: readonly Json[]): void => {
    if (typeof name !== 'string') return;
    const { policy, view } = rewriter.references.get(name);
    if (view !== null && rewriter.reading(name).isProtected) unproved(name);
    if (policy !== null && !beginsWith(pipeline, policy)) unproved(name);
  };
  const { operation: name, collection, pipeline, through, filter } = operation;
  if (isWriteOperation(textOf(name))) proveWrite(operation, rewriter);
  else if (name === 'estimatedDocumentCount') {
    if (rewriter.reading(textOf(collection)).isFiltered) unproved(textOf(collection));
  } else require(collection, itemsOf(pipeline ?? through ?? filter));
  const check = (part: Json): boolean => {
    for (const [stage, argument] of membersOf(part)) {
      const { from, coll, pipeline: inner } = isObject(argument) ? argument : {};
      if (stage === '$lookup') require(from, itemsOf(inner));
      else if (stage === '$graphLookup') require(from, []);
      else if (stage === '$unionWith')
        require(typeof argument === 'string' ? argument : coll, itemsOf(inner));
    }
    return false;
  };
  holds(operation, check, written);
}

function proveWrite({ collection, filter }: JsonObject, { references }: PipelineRewriter): void {
  const { policy } = references.get(textOf(collection));
  if (policy?.filter == null || filter === undefined) return;
  if (!isSame(andOf(filter)[0], policy.filter)) unproved(textOf(collection));
}
