import { FactsCollector } from '../facts-collector';
import type { StatementAccess } from '../facts';
import { refuse } from '../refused';
import { isObject } from './json';
import { isKnownOperator, isServerVariable } from './operators';
import type { Json, JsonObject } from './strict-json';

type Stage = (walker: PipelineWalker, argument: Json, stage: string) => void;

function invalid(detail: string, construct: string): never {
  refuse('query.invalid_operation', detail, { construct });
}
const walkArgument: Stage = (walker, argument) => walker.document(argument);

/** An object whose members are all among `allowed`. */
function members(argument: Json, stage: string, allowed: readonly string[]): JsonObject {
  if (!isObject(argument)) return invalid(`${stage} takes an object`, stage);
  for (const name of Object.keys(argument))
    if (!allowed.includes(name))
      invalid(`${stage} has no member ${JSON.stringify(name.slice(0, 60))}`, stage);
  return argument;
}

/** Walks the members that are neither a collection nor a pipeline. */
function walkRest(walker: PipelineWalker, argument: JsonObject, taken: readonly string[]): void {
  for (const [name, value] of Object.entries(argument)) if (!taken.includes(name)) walker.document(value);
}

/**
 * Stages that only work on the documents of the pipeline, and those that name a collection. Every other is refused: what
 * reads the state of the server ($currentOp, $collStats, $indexStats, $planCacheStats, $listSessions, $changeStream, …),
 * what makes documents out of nothing ($documents), and what is not known.
 */
const stages: ReadonlyMap<string, Stage> = new Map<string, Stage>([
  ...(
    '$match $project $addFields $set $unset $group $sort $limit $skip $count $sortByCount $unwind $replaceRoot ' +
    '$replaceWith $bucket $bucketAuto $sample $redact $geoNear $densify $fill $setWindowFields'
  )
    .split(' ')
    .map((name): [string, Stage] => [name, walkArgument]),
  [
    '$lookup',
    (walker, argument, stage) => {
      const lookup = members(argument, stage, [
        'from',
        'localField',
        'foreignField',
        'let',
        'pipeline',
        'as',
      ]);
      walker.collection(lookup.from, 'read', stage);
      if (lookup.pipeline !== undefined) walker.pipeline(lookup.pipeline);
      walkRest(walker, lookup, ['from', 'pipeline']);
    },
  ],
  [
    '$graphLookup',
    (walker, argument, stage) => {
      const lookup = members(argument, stage, [
        ...['from', 'startWith', 'connectFromField', 'connectToField', 'as'],
        ...['maxDepth', 'depthField', 'restrictSearchWithMatch'],
      ]);
      walker.collection(lookup.from, 'read', stage);
      walkRest(walker, lookup, ['from']);
    },
  ],
  [
    '$unionWith',
    (walker, argument, stage) => {
      if (typeof argument === 'string') return walker.collection(argument, 'read', stage);
      const { coll, db, pipeline } = members(argument, stage, ['coll', 'db', 'pipeline']);
      walker.collection(db === undefined ? coll : { db, coll: coll ?? null }, 'read', stage);
      if (pipeline !== undefined) walker.pipeline(pipeline);
    },
  ],
  [
    '$facet',
    (walker, argument, stage) => {
      if (!isObject(argument)) invalid(`${stage} takes an object`, stage);
      for (const pipeline of Object.values(argument)) walker.pipeline(pipeline);
    },
  ],
  [
    '$out',
    (walker, argument, stage) => {
      if (!isObject(argument)) return walker.collection(argument, 'write', stage);
      const { db, coll, timeseries } = members(argument, stage, ['db', 'coll', 'timeseries']);
      walker.collection({ db: db ?? null, coll: coll ?? null }, 'write', stage);
      if (timeseries !== undefined) walker.document(timeseries);
    },
  ],
  [
    '$merge',
    (walker, argument, stage) => {
      if (!isObject(argument)) return walker.collection(argument, 'write', stage);
      const merge = members(argument, stage, ['into', 'on', 'let', 'whenMatched', 'whenNotMatched']);
      walker.collection(merge.into, 'write', stage);
      if (Array.isArray(merge.whenMatched)) walker.pipeline(merge.whenMatched);
      walkRest(walker, merge, ['into', ...(Array.isArray(merge.whenMatched) ? ['whenMatched'] : [])]);
    },
  ],
]);

/** Walks pipelines and documents of one operation and collects the collections they touch. */
export class PipelineWalker {
  readonly collector = new FactsCollector();

  pipeline(value: Json): void {
    if (!Array.isArray(value)) invalid('A pipeline is an array of stages', 'pipeline');
    for (const stage of value as readonly Json[]) this.stage(stage);
  }

  private stage(value: Json): void {
    const [[name, argument] = [], ...others] = isObject(value) ? Object.entries(value) : [];
    if (name === undefined || argument === undefined || others.length > 0)
      return invalid('A stage is an object of one member', 'pipeline');
    const stage = stages.get(name);
    if (stage === undefined) return this.refuseName(name, 'stage');
    stage(this, argument, name);
  }

  /** Any other part of an operation: operators at every depth have to be known. */
  document(value: Json): void {
    if (typeof value === 'string') {
      if (isServerVariable(value)) this.refuseName(value, 'variable');
    } else if (Array.isArray(value)) for (const item of value) this.document(item);
    else if (isObject(value))
      for (const [name, member] of Object.entries(value)) {
        if (name.startsWith('$') && !isKnownOperator(name)) this.refuseName(name, 'operator');
        this.document(member);
      }
  }

  /** `"orders"` or `{ "db": "shop", "coll": "orders" }`. */
  collection(value: Json | undefined, access: StatementAccess, stage: string): void {
    if (typeof value === 'string') return this.relation(null, value, access, stage);
    const { db, coll } = members(value ?? null, stage, ['db', 'coll']);
    if (typeof db !== 'string' || typeof coll !== 'string' || db === '')
      return invalid(`${stage} names its collection by text`, stage);
    this.relation(db, coll, access, stage);
  }

  private relation(db: string | null, name: string, access: StatementAccess, stage: string): void {
    if (name === '' || name.includes('$')) invalid(`${stage} names no collection`, stage);
    this.collector.relation(db, name, access);
  }

  private refuseName(name: string, what: string): never {
    const construct = name.slice(0, 60);
    return refuse('query.unsupported', `The ${what} ${construct} is not accepted here`, { construct });
  }
}
