import { refuse } from '../../refused';
import { isObject, itemsOf, membersOf, stageOf, textOf } from '../json';
import type { Json, JsonObject } from '../strict-json';
import type { CompiledPolicy } from './compiled-policy';
import { hiddenPaths } from './compiled-policy';
import { isWithin, overlap } from './field-path';
import { fieldsOfExpression, fieldsOfFilter, type FieldsRead } from './fields-read';
import { collationOf, collationText } from './pipeline-rewriter';
import { isPlainFilter } from './plain-filter';
import { provesRow } from './proves-row';
import type { Catalogued } from './references';
import { refuseColumn } from './require-no-denied';

/** A collection that is written, with its policy. */
interface Target {
  readonly name: string;
  readonly policy: CompiledPolicy;
}

const refuseRow = (name: string, why: string): never =>
  refuse(
    'permission.row_denied',
    `${why} in ${JSON.stringify(name)}, which shows you some documents only; an administrator of this connection can exempt you`,
  );
const refuseRead = (name: string, path: string): never =>
  refuse(
    'permission.column_denied',
    `The column ${JSON.stringify(path)} of ${JSON.stringify(name)} is hidden from you and cannot decide what is written; an administrator of this connection can permit it`,
    { construct: path },
  );

/** What decides over a write, or is copied by it, is what the viewer could read. */
function requireVisible({ name, policy }: Target, { paths, whole }: FieldsRead): void {
  for (const hidden of hiddenPaths(policy))
    if (whole || [...paths].some((path) => overlap(path, hidden))) refuseRead(name, hidden);
}

/** The caller's filter behind the row filter, in one: a write has no place for a fence between the two. */
function filterOf(target: Target, operation: JsonObject): Json {
  const { filter = {} } = operation;
  const { name, policy } = target;
  requireVisible(target, fieldsOfFilter(filter));
  if (policy.filter === null) return filter;
  if (!isPlainFilter(filter))
    refuseRow(name, 'The filter of a write may only compare, without functions and complicated patterns,');
  return { $and: [policy.filter, filter] };
}

/** Members that a write gives values, as paths. */
function requireAssignable({ name, policy }: Target, paths: readonly string[]): void {
  for (const denied of policy.denied)
    if (paths.some((path) => overlap(path, denied))) refuseColumn(name, denied);
  if (policy.filter === null) return;
  const { whole, paths: deciding } = policy.filterReads;
  for (const path of paths)
    if (whole || [...deciding].some((read) => overlap(read, path)))
      refuseRow(
        name,
        `${JSON.stringify(path.slice(0, 60))} decides who sees a document and cannot be changed`,
      );
}

const masksAny = ({ policy }: Target, paths: readonly string[]): boolean =>
  [...policy.masks.keys()].some((mask) => paths.some((path) => overlap(path, mask)));

/** Operators that put a value in the place of the old one, whatever it was. */
const blind = new Set(['$set', '$setOnInsert', '$unset', '$currentDate']);
const assigning = new Set(['$set', '$addFields']);

/** Paths that an update changes; those of operators that read the old value have to be visible. */
function updatedPaths(target: Target, update: Json): string[] {
  if (Array.isArray(update)) return update.flatMap((stage: Json) => stagePaths(target, stage));
  return membersOf(update).flatMap(([operator, members]) => {
    const paths = membersOf(members).map(([path]) => path);
    const others =
      operator === '$rename'
        ? membersOf(members).flatMap(([, to]) => (typeof to === 'string' ? [to] : []))
        : [];
    if (!blind.has(operator)) requireVisible(target, { paths: new Set([...paths, ...others]), whole: false });
    return [...paths, ...others];
  });
}

function stagePaths(target: Target, stage: Json): string[] {
  const [name, argument] = stageOf(stage);
  if (name === '$unset')
    return (Array.isArray(argument) ? itemsOf(argument) : [argument]).map((path) => textOf(path));
  if (!assigning.has(name)) {
    const [hidden] = hiddenPaths(target.policy);
    if (hidden !== undefined) refuseRead(target.name, hidden);
    return refuseRow(target.name, `${name} changes members that are not named and cannot be used`);
  }
  requireVisible(target, fieldsOfExpression(argument));
  // {"a": {"b": …}} sets a.b, and what an expression gives sets all of a
  return Object.keys(isObject(argument) ? argument : {});
}

type Write = (operation: JsonObject, target: Target) => JsonObject;

const update: Write = (operation, target) => {
  const filter = filterOf(target, operation);
  const paths = updatedPaths(target, operation['update'] ?? null);
  requireAssignable(target, paths);
  // how many documents were changed would tell who had the value already
  const matched: JsonObject = masksAny(target, paths) ? { affected: 'matched' } : {};
  return { ...operation, filter, ...hintOf(operation, target), ...matched };
};

const remove: Write = (operation, target) => ({
  ...operation,
  filter: filterOf(target, operation),
  ...hintOf(operation, target),
});

/** See `hintOn` for reads; a write is only made slower too. */
function hintOf({ hint }: JsonObject, { policy }: Target): JsonObject {
  return hint === undefined || hiddenPaths(policy).length === 0 ? {} : { hint: { _id: 1 } };
}

/** Whether a document has a member of the path, also in elements of arrays and with dots in its name. */
function hasPath(value: Json, path: string): boolean {
  if (Array.isArray(value)) return itemsOf(value).some((item) => hasPath(item, path));
  return membersOf(value).some(
    ([name, member]) =>
      isWithin(name, path) || (path.startsWith(`${name}.`) && hasPath(member, path.slice(name.length + 1))),
  );
}

function requireRow({ name, policy }: Target, document: Json): void {
  for (const denied of policy.denied) if (hasPath(document, denied)) refuseColumn(name, denied);
  if (policy.filter !== null && !provesRow(policy.filter, document))
    refuseRow(name, 'It cannot be shown that you would see this document');
}

const insert: Write = (operation, target) => {
  const documents =
    'documents' in operation ? itemsOf(operation['documents']) : [operation['document'] ?? null];
  for (const document of documents) requireRow(target, document);
  return operation;
};

/** A whole document would take the place of members that the caller does not see. */
const replace: Write = (operation, target) => {
  const [hidden] = hiddenPaths(target.policy);
  if (hidden !== undefined) refuseRead(target.name, hidden);
  requireRow(target, operation['document'] ?? null);
  return { ...operation, filter: filterOf(target, operation) };
};

const writes: Readonly<Record<string, Write>> = {
  insertOne: insert,
  insertMany: insert,
  updateOne: update,
  updateMany: update,
  replaceOne: replace,
  deleteOne: remove,
  deleteMany: remove,
};

export const isWriteOperation = (name: string): boolean => Object.hasOwn(writes, name);

/** A write as it may be asked; the very same object where its target has no policy. */
export function rewriteWrite(
  operation: JsonObject,
  { name, policy, view, description }: Catalogued,
): JsonObject {
  const write = writes[textOf(operation['operation'])];
  if (policy === null || write === undefined) return operation;
  if (view !== null) refuse('query.unsupported', `${JSON.stringify(name)} is a view and cannot be written`);
  const { collation } = operation;
  if (policy.comparesText && isObject(collation) && collationText(collation) !== collationOf(description))
    refuse(
      'policy.unsupported',
      `A policy of ${JSON.stringify(name)} compares text, so that it cannot be written under another collation`,
      { construct: 'collation' },
    );
  return write(operation, { name, policy });
}

/**
 * The last stage of a pipeline that writes, `$out` or `$merge`. Nothing masked may go into it: `masked` is a column that
 * the pipeline meets as a mask.
 */
export function requireWritableTarget(
  stage: string,
  argument: Json,
  { name, policy }: Catalogued,
  masked: { readonly collection: string; readonly path: string } | null,
): void {
  if (masked !== null) refuseRead(masked.collection, masked.path);
  if (policy === null) return;
  if (policy.filter !== null) refuseRow(name, `${stage} writes documents that cannot be seen before`);
  const { on = '_id', whenMatched = 'merge' } = isObject(argument) ? argument : {};
  const [hidden = ''] = hiddenPaths(policy);
  const keys = (Array.isArray(on) ? itemsOf(on) : [on]).map((path) => textOf(path));
  const keeps = stage === '$merge' && ['fail', 'keepExisting'].includes(textOf(whenMatched));
  if (!keeps || hiddenPaths(policy).some((secret) => keys.some((key) => overlap(key, secret))))
    refuseRead(name, hidden);
}
