import { isObject, itemsOf, membersOf, textOf } from '../json';
import type { Json, JsonObject } from '../strict-json';
import { distinctStages } from './distinct-stages';
import { overlap } from './field-path';
import { isNatural, matchStages, numberIn, projectStages, skipAndLimit, sortStages } from './find-stages';
import { collationOf, type PipelineRewriter } from './pipeline-rewriter';
import type { Reading } from './reading';
import { requireNoDenied } from './require-no-denied';

type Read = (operation: JsonObject, rewriter: PipelineRewriter, reading: Reading) => JsonObject;

/** Members that an operation keeps, whatever it becomes. */
function kept(operation: JsonObject, reading: Reading): JsonObject {
  const { collation } = operation;
  const [bottom, top] = [reading.chain[0], reading.chain.at(-1)];
  const [ofBase, ofView] = [collationOf(bottom?.description ?? null), collationOf(top?.description ?? null)];
  // the collation of a view is its own, not that of what it reads
  const own = ofBase === ofView ? undefined : (JSON.parse(simpleOr(ofView)) as JsonObject);
  const hint = isNatural(operation['sort']) ? operation['sort'] : hintOn(operation['hint'], reading);
  return {
    ...((collation ?? own) === undefined ? {} : { collation: collation ?? own ?? null }),
    ...(hint === undefined ? {} : { hint }),
  };
}

const simpleOr = (collation: string): string =>
  collation.startsWith('{') ? collation : JSON.stringify({ locale: collation });

/**
 * A sparse index leaves out the documents without a member, so asking for it by name would tell of a hidden one. A hint
 * only makes an operation faster: left out, the answer is the same.
 */
function hintOn(hint: Json | undefined, { hidden, isView }: Reading): Json | undefined {
  if (hint === undefined || hidden.length === 0) return isView ? undefined : hint;
  if (hint === '_id_') return hint;
  const members = membersOf(hint).map(([name]) => name);
  const open = members.every(
    (name) => !name.includes('$**') && hidden.every((secret) => !overlap(secret, name)),
  );
  return isObject(hint) && open && !isView ? hint : undefined;
}

const asPipeline = (
  operation: JsonObject,
  rewriter: PipelineRewriter,
  reading: Reading,
  stages: readonly JsonObject[],
): JsonObject => ({
  operation: 'aggregate',
  collection: reading.base,
  pipeline: rewriter.splice(reading, stages),
  ...kept(operation, reading),
});

const find: Read = (operation, rewriter, reading) =>
  asPipeline(operation, rewriter, reading, [
    ...matchStages(operation['filter']),
    ...sortStages(operation['sort']),
    ...skipAndLimit(operation['skip'], operation['operation'] === 'findOne' ? 1 : operation['limit']),
    ...projectStages(operation['projection']),
  ]);

const count: Read = (operation, rewriter, reading) => {
  const { operation: name = null, filter, skip, limit } = operation;
  return {
    operation: name,
    collection: reading.base,
    through: rewriter.splice(reading, matchStages(filter)),
    ...(numberIn(skip) === 0 ? {} : { skip: skip ?? null }),
    ...(numberIn(limit) === 0 ? {} : { limit: limit ?? null }),
    ...kept(operation, reading),
  };
};

/** The server's own count of a collection, which reads no document; under a filter there is none. */
const estimate: Read = (operation, rewriter, reading) =>
  reading.isFiltered || reading.isView
    ? count({ ...operation, operation: 'countDocuments' }, rewriter, reading)
    : operation;

const distinct: Read = (operation, rewriter, reading) => {
  const { filter, field } = operation;
  const path = textOf(field);
  requireNoDenied(reading, [{ $match: { [path]: null } }]);
  const { hint: _, ...members } = kept(operation, reading);
  return {
    operation: 'distinct',
    collection: reading.base,
    field: path,
    through: rewriter.splice(reading, [...matchStages(filter), ...distinctStages(path)]),
    ...members,
  };
};

const aggregate: Read = (operation, rewriter, reading) => {
  const stages = itemsOf(operation['pipeline']) as readonly JsonObject[];
  if (reading.isProtected) return asPipeline(operation, rewriter, reading, stages);
  const rewritten = rewriter.pipeline(stages);
  return rewritten === stages ? operation : { ...operation, pipeline: rewritten };
};

const reads: Readonly<Record<string, Read>> = {
  find,
  findOne: find,
  count,
  countDocuments: count,
  estimatedDocumentCount: estimate,
  distinct,
};

/** An operation that reads, as it may be asked; the very same object where nothing protected is read. */
export function rewriteRead(operation: JsonObject, rewriter: PipelineRewriter, reading: Reading): JsonObject {
  if (operation['operation'] === 'aggregate') return aggregate(operation, rewriter, reading);
  const read = reads[textOf(operation['operation'])];
  return read === undefined || !reading.isProtected ? operation : read(operation, rewriter, reading);
}
