import { isRecord } from '../query-request';
import { textIn, type Answer } from './answer-members';
import type { PlanOperation, PlanStep } from './plan-node';

/** Stages of the planner (`stage_types.cpp`). */
const plannerStages: ReadonlyMap<string, PlanOperation> = new Map([
  ['COLLSCAN', 'full_scan'],
  ['FETCH', 'index_scan'],
  ['IXSCAN', 'index_scan'],
  ['CLUSTERED_IXSCAN', 'index_scan'],
  ['TEXT_MATCH', 'index_scan'],
  ['GEO_NEAR_2D', 'index_scan'],
  ['GEO_NEAR_2DSPHERE', 'index_scan'],
  ['COUNT_SCAN', 'index_only_scan'],
  ['DISTINCT_SCAN', 'index_only_scan'],
  ['IDHACK', 'key_lookup'],
  ['EXPRESS_IXSCAN', 'key_lookup'],
  ['EXPRESS_CLUSTERED_IXSCAN', 'key_lookup'],
  ['OR', 'index_merge'],
  ['AND_HASH', 'index_merge'],
  ['AND_SORTED', 'index_merge'],
  ['SORT', 'sort'],
  ['SORT_MERGE', 'sort'],
  ['LIMIT', 'limit'],
  ['GROUP', 'aggregate'],
  ['COUNT', 'aggregate'],
  ['RECORD_STORE_FAST_COUNT', 'aggregate'],
  ['EQ_LOOKUP', 'nested_loop'],
  ['EQ_LOOKUP_UNWIND', 'nested_loop'],
  ['SUBPLAN', 'subquery'],
  ['EOF', 'values'],
]);

/** Stages of a pipeline that the planner did not take over. */
const pipelineStages: ReadonlyMap<string, PlanOperation> = new Map([
  ['$group', 'aggregate'],
  ['$sort', 'sort'],
  ['$limit', 'limit'],
  ['$lookup', 'nested_loop'],
  ['$graphLookup', 'nested_loop'],
  ['$unionWith', 'union'],
  ['$setWindowFields', 'window'],
  ['$documents', 'values'],
]);

const stageName = /^[A-Z][A-Z0-9_]{1,40}$/;
const pipelineName = /^\$[A-Za-z_]{1,40}$/;

/**
 * The answer of the command `explain` as steps. `filter`, `parsedQuery`, `indexBounds`, `transformBy` and what stands in the
 * stages of a pipeline are not read, but for the collections that those name.
 * @returns `null` for an answer of another form, such as that of a sharded cluster
 */
export function readMongodbPlan(json: string): PlanStep | null {
  const answer: unknown = JSON.parse(json);
  return isRecord(answer) ? (planOf(answer) ?? pipelineOf(answer['stages'])) : null;
}

function planOf({ queryPlanner }: Answer): PlanStep | null {
  const winning = isRecord(queryPlanner) ? queryPlanner['winningPlan'] : undefined;
  if (!isRecord(queryPlanner) || !isRecord(winning)) return null;
  // the slot-based engine has the stages one deeper
  const root = isRecord(winning['queryPlan']) ? winning['queryPlan'] : winning;
  return stepOf(root, relationOf(textIn(queryPlanner, 'namespace')), false);
}

/** @param fetched whether the documents are read by a step above */
function stepOf(stage: Answer, relation: PlanStep['relation'], fetched: boolean): PlanStep {
  const named = textIn(stage, 'stage') ?? '';
  const native = stageName.test(named) ? named : 'unknown';
  const { inputStage, inputStages, filter } = stage;
  const inputs = [inputStage, ...(Array.isArray(inputStages) ? inputStages : [])].filter(isRecord);
  const operation = plannerStages.get(native) ?? 'other';
  const isRead = /SCAN$|^FETCH$|^IDHACK$|COUNT$/.test(native);
  return {
    operation: native === 'IXSCAN' && !fetched ? 'index_only_scan' : operation,
    native,
    ...(isRead && relation && { relation }),
    index: textIn(stage, 'indexName'),
    conditional: isRecord(filter) && Object.keys(filter).length > 0,
    children: inputs.map((input) => stepOf(input, relation, fetched || native === 'FETCH')),
  };
}

/** Each stage takes the documents of the one before it. */
function pipelineOf(stages: unknown): PlanStep | null {
  if (!Array.isArray(stages)) return null;
  return stages.filter(isRecord).reduce<PlanStep | null>((before, stage) => {
    const [name = '', content] = Object.entries(stage)[0] ?? [];
    const inner = name === '$cursor' && isRecord(content) ? planOf(content) : null;
    if (inner) return inner;
    const native = pipelineName.test(name) ? name : 'unknown';
    const children = [...(before ? [before] : []), ...readBeside(native, content)];
    return { operation: pipelineStages.get(native) ?? 'other', native, children };
  }, null);
}

/** Collections that a stage reads besides the documents it takes. */
function readBeside(name: string, content: unknown): readonly PlanStep[] {
  if (!isRecord(content)) return [];
  if (name === '$unionWith') return [pipelineOf(content['pipeline']) ?? other(textIn(content, 'coll'))];
  if (name === '$lookup' || name === '$graphLookup') return [other(textIn(content, 'from'))];
  return [];
}

function other(name: string | undefined): PlanStep {
  const relation = name === undefined ? undefined : { schema: null, name };
  return { operation: 'other', native: 'collection', ...(relation && { relation }), children: [] };
}

/** A namespace is `database.collection`; names of databases hold no dot. */
function relationOf(namespace: string | undefined): PlanStep['relation'] {
  const dot = namespace?.indexOf('.') ?? -1;
  return namespace === undefined || dot < 0 ? undefined : { schema: null, name: namespace.slice(dot + 1) };
}
