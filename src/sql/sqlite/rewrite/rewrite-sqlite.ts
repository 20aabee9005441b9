import { keyedHashFunction } from '../../../common/keyed-hash-function';
import type { MaskKind } from '../../policy/relation-policy';
import type { ProtectedRelation, RewriteRequest, RewriteStatement, Rewriting } from '../../policy/rewriting';
import { refuse } from '../../refused';
import { parseSqlite, type Tree } from '../parse-sqlite';
import { fold, TreeWalker } from '../walk-tree';
import { Binder, type Reading } from './binder';
import { isPlain } from './is-plain';
import { proveRewriting } from './prove-rewriting';
import { reach, type Reached } from './reach';
import { readsOf } from './reads-of';
import { Stands } from './stands';
import { TextEdits } from './text-edits';
import { child, startOf } from './tree';
import { WriteBinder } from './write-binder';

/** Puts policies into one statement of SQLite. */
export const rewriteSqlite: RewriteStatement = (request): Rewriting => {
  const { text } = request;
  const root = parseSqlite(text);
  const walker = new TreeWalker();
  walker.visit(root.type === 'ExplainStmt' ? (child(root, 'stmt') ?? root) : root);
  const { relations, functions } = walker.collector.facts('statement');
  for (const { name, position } of functions)
    if (name === keyedHashFunction)
      refuse('permission.function_denied', `The function ${name} is not for statements`, {
        construct: name,
        position,
      });
  const named = relations
    .filter(({ schema }) => schema === null || schema === 'main')
    .map(({ name }) => name);
  const { relations: reached, missing } = reach(named, request);
  if (missing.length > 0) return { ok: false, missing };
  const known = [...reached.values()].filter((one) => one !== null);
  const edits = new TextEdits();
  const masked = bind(root, request, reached, edits);
  const sorted = edits.sorted();
  return {
    ok: true,
    statement: {
      text: sorted.length === 0 ? text : edits.apply(text),
      edits: sorted,
      relations: known.map(describeProtection),
      restsOn: [...reached.keys()].map((name) => ({ schema: null, name })),
      ...(sorted.length > 0 &&
        isSelect(root) && { reads: readsOf(reached, new Stands(reached, request, false)) }),
      maskedColumns: masked?.some((one) => one) === true ? masked : null,
    },
  };
};

/** @returns for each column of the result whether it can be masked, `null` when there is none */
function bind(
  root: Tree,
  request: RewriteRequest,
  reached: ReadonlyMap<string, Reached | null>,
  edits: TextEdits,
): readonly boolean[] | null {
  const statement = root.type === 'ExplainStmt' ? (child(root, 'stmt') ?? root) : root;
  const withQueries = [...reached.values()].every(
    (one) => one?.filters.every(({ hasSubquery }) => !hasSubquery) ?? true,
  );
  const plain =
    isPlain(statement, withQueries) &&
    [...reached.values()].every(
      (one) => one?.definition == null || isPlain(one.definition.root, withQueries),
    );
  const stands = new Stands(reached, request, !plain);
  if (!stands.protectsAnything) return null;
  const reading: Reading = {
    text: request.text,
    qualify: false,
    masksAnything: stands.protectsAnything,
    standFor: (name) => stands.standFor(name),
    unresolved: () => undefined,
    parameter: () => null,
  };
  const body = child(statement, 'body');
  const masked =
    statement.type === 'SelectStmt' && body !== null
      ? new Binder(reading, edits).select(body, null, null).columns.map((column) => column.masked)
      : new WriteBinder(request.text, reading, stands, edits, plain).bind(statement);
  const target = statement.type === 'SelectStmt' ? null : child(statement, 'tblName');
  proveRewriting(
    edits.apply(request.text),
    edits.sorted(),
    (name) => {
      const one = stands.reached(name);
      return one !== null && stands.isProtected(one);
    },
    target && startOf(target),
  );
  // a plan has no values
  return root.type === 'ExplainStmt' ? null : masked;
}

const isSelect = (root: Tree): boolean =>
  (root.type === 'ExplainStmt' ? child(root, 'stmt') : root)?.type === 'SelectStmt';

function describeProtection({ description, filters, rules }: Reached): ProtectedRelation {
  const spelled = (name: string): string =>
    description.columns.find((column) => fold(column.name) === name)?.name ?? name;
  const masks: [string, MaskKind][] = [];
  const denied: string[] = [];
  for (const [name, rule] of rules) {
    if (rule.rule === 'deny') denied.push(spelled(name));
    else masks.push([spelled(name), rule.mask]);
  }
  return {
    schema: description.schema,
    name: description.name,
    filtered: filters.length > 0,
    masks: Object.fromEntries(masks),
    denied,
  };
}
