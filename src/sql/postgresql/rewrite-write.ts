import { quoteIdentifier } from '../../common/quote/postgresql';
import { fullName, type RelationDescription } from '../../common/relation-description';
import { isTree, listOf, type Tree } from '../json-tree';
import { refuse } from '../refused';
import { outputName } from './output-name';
import { deniedColumns, shownValue, targetCondition, type Protection } from './protection';
import { itemOf, Scope, sourceOf, type BoundColumn, type BoundSource } from './scope';
import type { CteColumns, StatementRewriter } from './statement-rewriter';
import { aliasOf, asText, hasStar, locationOf, nameParts, nodeOf, unwrap } from './tree';

/** The relation a statement changes, and what of it is protected. */
interface Target {
  readonly node: Tree;
  readonly alias: string;
  readonly source: BoundSource;
  readonly protection: Protection | null;
}

interface Change {
  readonly rewriter: StatementRewriter;
  readonly node: Tree;
  readonly target: Target;
  readonly level: Scope;
  readonly ctes: CteColumns;
}

function bindTarget(rewriter: StatementRewriter, node: Tree): Target {
  const name = asText(node.relname) ?? '';
  const alias = aliasOf(node).name ?? name;
  const relation = rewriter.binder.find(asText(node.schemaname), name);
  if (!relation) return { node, alias, source: sourceOf(alias, null), protection: null };
  const protection = rewriter.binder.protectionOf(relation, node.inh !== true);
  if (protection !== null && protection.inlined !== null)
    refuse(
      'policy.unsupported',
      `${fullName(relation)} shows tables with policies: change the table and not the view`,
    );
  return { node, alias, source: targetSource(relation, protection, alias, node), protection };
}

function targetSource(
  relation: RelationDescription,
  protection: Protection | null,
  alias: string,
  node: Tree,
): BoundSource {
  const denied = protection === null ? new Set<string>() : deniedColumns(protection);
  return sourceOf(
    alias,
    relation.columns
      .filter(({ name }) => !denied.has(name))
      .map(({ name }) => ({ name, masked: protection?.columns.has(name) === true })),
    {
      schema: aliasOf(node).name === null ? relation.schema : null,
      denied,
      target: protection !== null,
      relation,
    },
  );
}

function refuseMasked({ rewriter, target }: Change, before: number): void {
  if (rewriter.touches > before)
    refuse(
      'permission.column_denied',
      `The change of ${target.alias} would write values that are masked for you: only whole values can be written`,
    );
}

/** Runs `visit`, which finds what is written; nothing masked may be in it. */
function unmasked(change: Change, visit: () => void): void {
  const before = change.rewriter.touches;
  visit();
  refuseMasked(change, before);
}

function requireWritable({ rewriter, target }: Change, column: string, location: number): void {
  if (target.source.denied.has(column)) rewriter.columns.refuseColumn(target.source, column, location);
}

function insert(change: Change): void {
  const { rewriter, node, target, level, ctes } = change;
  const { protection } = target;
  if (protection && protection.rowFilters.length > 0)
    refuse(
      'permission.row_denied',
      `Rows of ${fullName(protection.relation)} are filtered for you: an administrator can exempt you from the filter to insert`,
    );
  const columns = listOf(node.cols).map((column) => nodeOf(column));
  for (const column of columns) requireWritable(change, asText(column.name) ?? '', locationOf(column));
  if (columns.length === 0 && node.selectStmt !== undefined && target.source.denied.size > 0)
    refuse(
      'permission.column_denied',
      `Name the columns to insert into: ${target.alias} has columns that are not permitted`,
    );
  const before = rewriter.touches;
  const source = node.selectStmt === undefined ? [] : rewriter.statement(node.selectStmt, level.parent, ctes);
  if (source === null ? rewriter.touches > before : source.some(({ masked }) => masked))
    refuseMasked(change, -1);
  if (isTree(node.onConflictClause)) {
    const conflict = node.onConflictClause;
    const withExcluded = new Scope(level.parent);
    // `excluded` is the row that was proposed: the caller's own values
    withExcluded.items.push(itemOf(target.source), itemOf(sourceOf('excluded', null)));
    assign(change, conflict.targetList, withExcluded);
    rewriter.expressions([conflict.whereClause], withExcluded, ctes);
    if (isTree(conflict.infer)) rewriter.children('InferClause', conflict.infer, withExcluded, ctes);
  }
}

/** The list of SET. */
function assign(change: Change, list: unknown, level: Scope): void {
  const { rewriter, target, ctes } = change;
  const filtered = new Set(target.protection?.rowFilters.flatMap(({ columns }) => [...columns]));
  for (const one of listOf(list)) {
    const node = nodeOf(one);
    const column = asText(node.name) ?? '';
    requireWritable(change, column, locationOf(node));
    if (filtered.has(column))
      refuse(
        'permission.row_denied',
        `${target.alias}.${column} decides which rows you may see: an administrator can exempt you from the filter to change it`,
        { position: rewriter.toPosition(locationOf(node)) },
      );
    unmasked(change, () => {
      rewriter.expressions([node.indirection, node.val], level, ctes);
    });
  }
}

/** Adds the row filter to the condition of UPDATE or DELETE. */
function restrict({ rewriter, target, node }: Change): void {
  const { protection, alias } = target;
  if (protection === null || protection.rowFilters.length === 0) return;
  const { tokens } = rewriter;
  const condition = targetCondition(protection, alias);
  const from = tokens.indexAt(rewriter.toPosition(locationOf(target.node)));
  const at = (index: number): number =>
    tokens.all[index]?.start ?? tokens.all.at(-1)?.end ?? rewriter.text.length;
  rewriter.filtered = true;
  if (node.whereClause === undefined) {
    const end = at(tokens.scanTo(from, (text) => text === 'returning'));
    rewriter.edits.push({ start: end, end, text: () => ` WHERE ${condition} `, holds: true });
    return;
  }
  const where = tokens.scanTo(from, (text) => text === 'where');
  const end = at(tokens.scanTo(where + 1, (text) => text === 'returning'));
  const start = tokens.all[where]!.end;
  // CASE keeps the order: the caller's condition is not tried on rows that the filter hides (manual 4.2.14).
  const [open, close] = rewriter.plain
    ? [` ${condition} AND (`, ') ']
    : [` CASE WHEN ${condition} THEN (`, ') ELSE false END '];
  rewriter.edits.push(
    { start, end: start, text: () => open, holds: true },
    { start: end, end, text: () => `\n${close}`, holds: false },
  );
}

/** `RETURNING` under the same masks. */
function returning({ rewriter, node, target, level, ctes }: Change): readonly BoundColumn[] | null {
  if (!isTree(node.returningClause)) return [];
  const { exprs, options } = node.returningClause;
  const { protection, source } = target;
  if (protection === null) return rewriter.targets(exprs, level, ctes);
  if (listOf(options).length > 0)
    refuse('policy.unsupported', 'RETURNING WITH cannot be used on a table with policies', {
      construct: 'RETURNING WITH',
    });
  const shown = protection.relation.columns.filter(
    ({ visible, name }) => visible && !source.denied.has(name),
  );
  const maskedColumns = (): BoundColumn[] =>
    shown.map(({ name }) => ({ name, masked: protection.columns.has(name) }));
  const valueOf = (name: string): string =>
    shownOnTarget(protection, target.alias, name, rewriter.binder.request.hashKey);
  const others = level.items.slice(1);
  return listOf(exprs).flatMap((one): readonly BoundColumn[] => {
    const result = nodeOf(one);
    const value = unwrap(result.val);
    const parts = value?.kind === 'ColumnRef' ? nameParts(value.node.fields) : [];
    const own = value?.kind === 'ColumnRef' && (parts.length < 2 || isTargetName(parts, source, value.node));
    if (own && hasStar(value.node.fields)) {
      const index = rewriter.tokens.indexAt(rewriter.toPosition(locationOf(value.node)));
      const end = rewriter.tokens.endOfName(index);
      const list = shown.map(({ name }) => `${valueOf(name)} AS ${quoteIdentifier(name)}`);
      const rest = parts.length === 0 ? others.flatMap((item) => item.sources) : [];
      const stars = rest.map(({ shown: alias }) => `${quoteIdentifier(alias)}.*`);
      rewriter.edits.push({
        start: rewriter.tokens.all[index]!.start,
        end: rewriter.tokens.all[end]!.end,
        text: () => [...list, ...stars].join(', '),
        holds: false,
      });
      rewriter.columns.touches += protection.columns.size;
      return [...maskedColumns(), ...rest.flatMap(({ columns }) => columns ?? [])];
    }
    const name = parts.at(-1) ?? '';
    const isOwnColumn = own && source.columns?.some((column) => column.name === name && column.masked);
    const elsewhere = others.some(({ columns }) => columns?.some((column) => column.name === name));
    if (isOwnColumn && !(parts.length === 1 && elsewhere)) {
      const index = rewriter.tokens.indexAt(rewriter.toPosition(locationOf(value.node)));
      const end = rewriter.tokens.endOfName(index);
      const label = asText(result.name) === null ? ` AS ${quoteIdentifier(name)}` : '';
      rewriter.edits.push({
        start: rewriter.tokens.all[index]!.start,
        end: rewriter.tokens.all[end]!.end,
        text: () => `${valueOf(name)}${label}`,
        holds: false,
      });
      rewriter.columns.touches += 1;
      return [{ name: asText(result.name) ?? name, masked: true }];
    }
    const before = rewriter.touches;
    rewriter.expressions([result.val], level, ctes);
    return [{ name: asText(result.name) ?? outputName(result.val), masked: rewriter.touches > before }];
  });
}

/** `t.x` or `schema.t.x`. */
function isTargetName(parts: readonly string[], source: BoundSource, ref: Tree): boolean {
  const qualifier = hasStar(ref.fields) ? parts.at(-1) : parts.at(-2);
  if (qualifier === 'old' || qualifier === 'new')
    refuse('policy.unsupported', `RETURNING ${qualifier} cannot be used on a table with policies`, {
      construct: qualifier,
    });
  return qualifier === source.alias;
}

function shownOnTarget(protection: Protection, alias: string, name: string, hashKey: Buffer): string {
  const column = `${quoteIdentifier(alias)}.${quoteIdentifier(name)}`;
  const value = shownValue(protection, name, column, { explained: false, hashKey });
  const policy = protection.columns.get(name);
  if (policy?.rule !== 'mask' || policy.mask !== 'expression') return value;
  // the expression names columns of the relation and nothing else
  const columns = protection.relation.columns
    .map((one) => `${quoteIdentifier(alias)}.${quoteIdentifier(one.name)} AS ${quoteIdentifier(one.name)}`)
    .join(', ');
  return `(SELECT ${value} FROM (SELECT ${columns}) AS ${quoteIdentifier(protection.relation.name)})`;
}

function update(change: Change): void {
  assign(change, change.node.targetList, change.level);
  change.rewriter.expressions([change.node.whereClause], change.level, change.ctes);
  restrict(change);
}

function remove(change: Change): void {
  change.rewriter.expressions([change.node.whereClause], change.level, change.ctes);
  restrict(change);
}

function merge(change: Change): void {
  const { rewriter, node, target, level, ctes } = change;
  if (target.protection !== null)
    refuse('policy.unsupported', 'MERGE cannot be used on a table with policies', { construct: 'MERGE' });
  rewriter.expressions([node.joinCondition], level, ctes);
  for (const clause of listOf(node.mergeWhenClauses)) {
    const when = nodeOf(clause);
    rewriter.expressions([when.condition], level, ctes);
    assign(change, when.targetList, level);
    unmasked(change, () => {
      rewriter.expressions([when.values], level, ctes);
    });
  }
}

const changes: Readonly<Record<string, (change: Change) => void>> = {
  InsertStmt: insert,
  UpdateStmt: update,
  DeleteStmt: remove,
  MergeStmt: merge,
};

/** INSERT, UPDATE, DELETE and MERGE. @returns the columns of RETURNING */
export function rewriteWrite(
  rewriter: StatementRewriter,
  kind: string,
  node: Tree,
  outer: Scope | null,
  before: CteColumns,
): readonly BoundColumn[] | null {
  const ctes = rewriter.with(node.withClause, outer, before);
  const target = bindTarget(rewriter, isTree(node.relation) ? node.relation : {});
  const level = new Scope(outer);
  level.items.push(itemOf(target.source));
  const from = [...listOf(node.fromClause), ...listOf(node.usingClause)];
  if (node.sourceRelation !== undefined) from.push(node.sourceRelation);
  for (const item of from) level.items.push(rewriter.fromItem(item, outer, level, ctes));
  const change: Change = { rewriter, node, target, level, ctes };
  changes[kind]?.(change);
  return returning(change);
}
