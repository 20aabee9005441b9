import { numberOf } from './number-of';
import type { Operation } from './operation';

export type Command = Record<string, unknown>;
export interface Limits {
  readonly comment: string;
  readonly maxTimeMS: number;
  readonly batchSize: number;
  /** One more than the caller reads; `null` for all. */
  readonly most: number | null;
}

/** As a run asks for; no document is read. */
const EXPLAINED_BATCH = 100;

const present = (members: Command): Command =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
const optional = (value: unknown): number | undefined => (value === undefined ? undefined : numberOf(value));

/** Rows at most, by the operation and by the caller; 0 in an operation means all (as the server takes it). */
function fewest(asked: number | undefined, most: number | null): number | undefined {
  const limits = [asked === 0 ? undefined : asked, most ?? undefined].filter((limit) => limit !== undefined);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

const guards = ({ comment, maxTimeMS }: Limits): Command => ({ comment, maxTimeMS });

function findCommand(operation: Operation, limits: Limits): Command {
  const { collection, filter, projection, sort, skip, limit, collation, hint } = operation;
  const asked = operation.operation === 'findOne' ? 1 : optional(limit);
  const rows = fewest(asked, limits.most);
  return present({
    find: collection,
    filter,
    projection,
    sort,
    skip: optional(skip),
    limit: rows,
    collation,
    hint,
    // one more than the limit, or the server keeps an exhausted cursor open for another round trip
    batchSize: Math.min(limits.batchSize, rows === undefined ? limits.batchSize : rows + 1),
    ...guards(limits),
  });
}

function aggregateCommand(operation: Operation, limits: Limits, pipeline: readonly unknown[]): Command {
  const { collection, collation, hint } = operation;
  const last = Object.keys(pipeline.at(-1) ?? {})[0];
  const writes = last === '$out' || last === '$merge';
  const bounded = limits.most === null || writes ? pipeline : [...pipeline, { $limit: limits.most }];
  const cursor = writes ? {} : { batchSize: limits.batchSize };
  return present({ aggregate: collection, pipeline: bounded, cursor, collation, hint, ...guards(limits) });
}

function countCommand(operation: Operation, limits: Limits): Command {
  const { filter, skip, limit, through } = operation;
  const rows = fewest(optional(limit), null);
  const pipeline = [
    ...((through as unknown[] | undefined) ?? [{ $match: filter ?? {} }]),
    ...(skip === undefined || optional(skip) === 0 ? [] : [{ $skip: optional(skip) }]),
    ...(rows === undefined ? [] : [{ $limit: rows }]),
    { $count: 'count' },
  ];
  return aggregateCommand(operation, { ...limits, most: null }, pipeline);
}

function updateCommand(operation: Operation, limits: Limits): Command {
  const { collection, filter, update, document, collation, hint } = operation;
  const multi = operation.operation === 'updateMany';
  return {
    update: collection,
    updates: [present({ q: filter, u: update ?? document, multi, collation, hint })],
    ...guards(limits),
  };
}

function deleteCommand(operation: Operation, limits: Limits): Command {
  const { collection, filter, collation, hint } = operation;
  const limit = operation.operation === 'deleteOne' ? 1 : 0;
  return { delete: collection, deletes: [present({ q: filter, limit, collation, hint })], ...guards(limits) };
}

/** Through a pipeline the values come as the one document that the pipeline ends in. */
function distinctCommand(operation: Operation, limits: Limits): Command {
  const { collection, field, filter, collation, through } = operation;
  if (through !== undefined)
    return aggregateCommand(operation, { ...limits, most: null }, through as unknown[]);
  return present({ distinct: collection, key: field, query: filter, collation, ...guards(limits) });
}

const insertCommand = (operation: Operation, limits: Limits): Command => ({
  insert: operation.collection,
  documents: operation['documents'] ?? [operation['document']],
  ...guards(limits),
});

const builders: Readonly<Record<Operation['operation'], (operation: Operation, limits: Limits) => Command>> =
  {
    find: findCommand,
    findOne: findCommand,
    aggregate: (operation, limits) => aggregateCommand(operation, limits, operation['pipeline'] as unknown[]),
    count: countCommand,
    countDocuments: countCommand,
    estimatedDocumentCount: ({ collection }, limits) => ({ count: collection, ...guards(limits) }),
    distinct: distinctCommand,
    insertOne: insertCommand,
    insertMany: insertCommand,
    updateOne: updateCommand,
    updateMany: updateCommand,
    replaceOne: updateCommand,
    deleteOne: deleteCommand,
    deleteMany: deleteCommand,
  };

/** The command of the MongoDB wire protocol that an operation is sent as, and how its answer comes. */
export function buildCommand(
  operation: Operation,
  limits: Limits,
): { command: Command; answer: 'cursor' | 'document' } {
  const command = builders[operation.operation](operation, limits);
  const rows = operation.operation === 'aggregate' || operation.operation.startsWith('find');
  return { command, answer: rows ? 'cursor' : 'document' };
}

/** Asks how the command of an operation would be run; `queryPlanner` is the verbosity that runs nothing. */
export function explainCommand(
  operation: Operation,
  { comment, maxTimeMS }: Pick<Limits, 'comment' | 'maxTimeMS'>,
): Command {
  const limits = { comment, maxTimeMS, batchSize: EXPLAINED_BATCH, most: null };
  // what bounds the question stands beside the command, not in it
  const { comment: _, maxTimeMS: __, ...command } = buildCommand(operation, limits).command;
  return { explain: command, verbosity: 'queryPlanner', comment, maxTimeMS };
}
