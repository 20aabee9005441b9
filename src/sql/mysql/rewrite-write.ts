import { quoteIdentifier } from '../../common/quote/mysql';
import { fullName } from '../../common/relation-description';
import { isTree, listOf, type Tree } from '../json-tree';
import { refuse } from '../refused';
import { literalText } from './equalities';
import { foldName } from './fold-name';
import { conditionOf, shownValue, type Protection } from './protection';
import { findColumn, Scope, sourceOf, type BoundColumn, type BoundSource } from './scope';
import { columnLabel, itemsOf } from './select-items';
import type { CteColumns, StatementRewriter } from './statement-rewriter';
import { identifiersOf, spanOf, textOf } from './tree';
import { readName } from './walk-tree';

interface Change {
  readonly rewriter: StatementRewriter;
  readonly node: Tree;
  readonly level: Scope;
  readonly ctes: CteColumns;
  /** The token that says INSERT, UPDATE or DELETE. */
  readonly first: number;
}

const protectionOf = ({ rewriter }: Change, source: BoundSource): Protection | null =>
  source.relation === null ? null : (rewriter.binder.find(source.relation)?.protection ?? null);

/** Runs `visit`, which finds what is written; nothing masked may be in it. */
function unmasked({ rewriter }: Change, visit: () => readonly BoundColumn[] | void): void {
  const before = rewriter.touches;
  const columns = visit();
  const masked = columns === undefined ? rewriter.touches > before : columns.some((column) => column.masked);
  if (masked)
    refuse(
      'permission.column_denied',
      "The change would write values that are masked for you: an administrator of the connection's policies can exempt you",
    );
}

const filtersOf = (change: Change, source: BoundSource): Protection['rowFilters'] =>
  protectionOf(change, source)?.rowFilters ?? [];

function refuseRows(source: BoundSource, what: string): never {
  const name = source.relation === null ? source.alias : fullName(source.relation);
  return refuse(
    'permission.row_denied',
    `Rows of ${name} are filtered for you, and ${what}: an administrator of the connection's policies can exempt you`,
  );
}

/** Each column whose value the filter asks for is given just that value. */
function isProven(change: Change, source: BoundSource, columns: readonly string[]): boolean {
  const { node, rewriter } = change;
  const body = isTree(node.source) && isTree(node.source.body) ? node.source.body.Values : null;
  const rows = isTree(body) ? listOf(body.rows).map((row) => listOf(isTree(row) ? row.content : row)) : [];
  if (rows.length === 0 || node.ignore === true) return false;
  return filtersOf(change, source).every(({ equalities }) =>
    [...(equalities ?? [['', '']])].every(([column, value]) => {
      const index = columns.indexOf(column);
      return index >= 0 && rows.every((row) => literalText(row[index], rewriter.text) === value);
    }),
  );
}

function insert(change: Change): BoundSource[] {
  const { rewriter, node, level, ctes } = change;
  const object = isTree(node.table) ? node.table.TableName : null;
  rewriter.targets = 'all';
  const source = rewriter.target(readName(object), null);
  rewriter.targets = null;
  const named = listOf(node.columns).map((name) => readName(name).name);
  for (const name of named)
    if (source.denied.has(foldName(name))) rewriter.refuseColumn(source, name, undefined);
  if (named.length === 0 && listOf(node.assignments).length === 0 && source.denied.size > 0)
    refuse(
      'permission.column_denied',
      `Name the columns to insert into: ${source.alias} has columns that are not permitted`,
    );
  const conflict = isTree(node.on) ? listOf(node.on.DuplicateKeyUpdate) : [];
  if (filtersOf(change, source).length > 0) {
    if (node.replace_into === true || conflict.length > 0)
      refuseRows(source, 'this could change one that is hidden');
    if (!isProven(change, source, named.map(foldName)))
      refuseRows(source, 'it is not plain from the statement that yours would be among them');
  }
  const values = isTree(node.source) ? node.source : null;
  if (values !== null) unmasked(change, () => rewriter.query(values, level.parent, ctes));
  const inner = new Scope(null);
  assign(change, node.assignments, inner, source);
  const withRow = new Scope(null);
  withRow.sources.push(source);
  const alias = isTree(node.insert_alias) ? node.insert_alias : null;
  if (alias !== null) {
    const given = listOf(alias.col_aliases).flatMap((one) => (isTree(one) ? [String(one.value)] : []));
    const columns = source.columns.map((column, index) => ({
      name: given[index] ?? column.name,
      masked: false,
    }));
    withRow.sources.push(sourceOf(readName(alias.row_alias).name, columns));
  }
  assign(change, conflict, withRow, source);
  return [source];
}

/** The list of SET. @param only the one table it may set columns of */
function assign(change: Change, list: unknown, level: Scope, only: BoundSource | null = null): void {
  const { rewriter, ctes } = change;
  for (const one of listOf(list)) {
    if (!isTree(one) || !isTree(one.target)) continue;
    const { schema: qualifier, name } = lastTwo(one.target.ColumnName);
    const holders = only === null ? holdersOf(level, qualifier, name) : [only];
    for (const source of holders) {
      if (source.denied.has(foldName(name))) rewriter.refuseColumn(source, name, undefined);
      if (source.strict && findColumn(source.columns, name) === undefined)
        refuse('query.unknown_object', `There is no column ${name} in ${source.alias}`);
      if (only === null && filtersOf(change, source).some(({ columns }) => decides(source, columns, name)))
        refuseRows(source, `${name} decides which of them you may see`);
    }
    unmasked(change, () => rewriter.expression(one.value, level, ctes));
  }
}

/** What a filter reads may be computed from the column that is changed. */
function decides(source: BoundSource, columns: ReadonlySet<string>, name: string): boolean {
  const isGenerated = (folded: string): boolean =>
    source.relation?.columns.some((one) => foldName(one.name) === folded && one.generated === true) === true;
  return columns.has(foldName(name)) || [...columns].some(isGenerated);
}

function lastTwo(objectName: unknown): { readonly schema: string | null; readonly name: string } {
  return readName(listOf(objectName).slice(-2));
}

function holdersOf(level: Scope, qualifier: string | null, name: string): readonly BoundSource[] {
  if (qualifier !== null) {
    const source = level.source(qualifier);
    return source === null ? [] : [source];
  }
  const targets = level.sources.filter(({ strict }) => strict);
  const having = level.sources.filter(
    ({ columns, denied }) => findColumn(columns, name) || denied.has(foldName(name)),
  );
  return having.length > 0 ? having : targets;
}

function update(change: Change): BoundSource[] {
  const { rewriter, node, level, ctes } = change;
  const assigned = listOf(node.assignments).map((one) =>
    isTree(one) && isTree(one.target) ? lastTwo(one.target.ColumnName).schema : null,
  );
  const single = isTree(node.table) && listOf(node.table.joins).length === 0;
  const names = new Set(assigned.filter((name) => name !== null));
  rewriter.targets = single || assigned.includes(null) ? 'all' : names;
  rewriter.tableWithJoins(node.table, level, ctes);
  rewriter.targets = null;
  assign(change, node.assignments, level);
  return restricted(change);
}

function remove(change: Change): BoundSource[] {
  const { rewriter, node, level, ctes } = change;
  const from = isTree(node.from) ? listOf(node.from.WithFromKeyword) : [];
  const using = listOf(node.using);
  const named =
    using.length > 0
      ? from.map((one) => tableName(one))
      : listOf(node.tables).map((name) => readName(name).name);
  rewriter.targets = named.length === 0 ? 'all' : new Set(named);
  for (const one of using.length > 0 ? using : from) rewriter.tableWithJoins(one, level, ctes);
  rewriter.targets = null;
  for (const name of named)
    if (level.source(name) === null && !level.sources.some(({ relation }) => relation?.name === name))
      refuse('query.unsupported', 'A change of a table that is not named among those it reads');
  return restricted(change);
}

function tableName(reference: unknown): string {
  const relation = isTree(reference) && isTree(reference.relation) ? reference.relation.Table : null;
  return isTree(relation)
    ? readName(relation.name).name
    : refuse('query.unsupported', 'DELETE of this form is not accepted here');
}

/** Reads the condition and the order, and adds the row filters of what is changed to the condition. */
function restricted(change: Change): BoundSource[] {
  const { rewriter, node, level, ctes, first } = change;
  rewriter.expression(node.selection, level, ctes);
  rewriter.sorted(node.order_by, level, ctes, []);
  const targets = level.sources.filter(({ target }) => target);
  const conditions = targets.flatMap((source) => {
    const filters = filtersOf(change, source);
    return filters.length === 0 ? [] : [conditionOf(filters, source.alias)];
  });
  if (conditions.length === 0) return targets;
  rewriter.changed = true;
  rewriter.filtered = true;
  const condition = conditions.join(' AND ');
  const { tokens } = rewriter;
  const after = (index: number): number =>
    tokens.scanTo(index, (text) => ['order', 'limit', 'returning'].includes(text));
  const where = tokens.scanTo(first, (text) => text === 'where');
  if (node.selection === null || node.selection === undefined) {
    const end = tokens.endBefore(after(first));
    rewriter.edits.push({ start: end, end, text: () => ` WHERE ${condition}`, holds: true });
    return targets;
  }
  const start = tokens.endBefore(where + 1);
  const end = tokens.endBefore(after(where + 1));
  // IF keeps the order: the caller's condition is not tried on rows that the filter hides
  rewriter.edits.push(
    {
      start,
      end: start,
      text: (fence) => (fence ? ` IF(${condition}, (` : ` ${condition} AND (`),
      holds: true,
    },
    { start: end, end, text: (fence) => (fence ? '), FALSE)' : ')'), holds: false },
  );
  return targets;
}

/** RETURNING under the same masks. */
function returning(change: Change, source: BoundSource | undefined): readonly BoundColumn[] {
  const { rewriter, node, ctes, first } = change;
  const items = listOf(node.returning);
  if (items.length === 0 || source === undefined) return [];
  const protection = protectionOf(change, source);
  const { tokens, text } = rewriter;
  const ranges = itemsOf(
    tokens,
    tokens.endBefore(tokens.scanTo(first, (one) => one === 'returning') + 1),
    items.length,
  );
  const show = (name: string): string | null =>
    protection?.columns.has(name) === true
      ? shownValue(protection, name, source.alias, rewriter.options.hashKey)
      : null;
  const visible = source.columns.filter(
    ({ name }) => protection?.relation.columns.some((one) => one.name === name && one.visible) !== false,
  );
  const level = new Scope(null);
  level.sources.push({ ...source, target: false, replaced: source.target, rename: show });
  return items.flatMap((item, index): readonly BoundColumn[] => {
    const { start, end } = ranges[index] ?? { start: 0, end: 0 };
    if (!isTree(item)) return [];
    if (item.Wildcard !== undefined || item.QualifiedWildcard !== undefined) {
      const list = visible.map(({ name }) => {
        const value = show(name) ?? `${quoteIdentifier(source.alias)}.${quoteIdentifier(name)}`;
        return `${value} AS ${quoteIdentifier(name)}`;
      });
      if (protection !== null && protection.columns.size > 0) {
        rewriter.changed = true;
        rewriter.edits.push({ start, end, text: () => list.join(', '), holds: false });
      }
      rewriter.touches += visible.filter(({ masked }) => masked).length;
      return visible;
    }
    const aliased = isTree(item.ExprWithAlias) ? item.ExprWithAlias : null;
    const expression = aliased === null ? item.UnnamedExpr : aliased.expr;
    const before = rewriter.edits.length;
    const masked = rewriter.touchesIn(() => rewriter.expression(expression, level, ctes));
    const own = identifiersOf(expression).at(-1);
    const label = own === undefined ? columnLabel(text.slice(start, end)) : String(own.value);
    const isEdited = rewriter.edits.length > before;
    if (isEdited) rewriter.changed = true;
    if (isEdited && aliased === null) rewriter.insert(end, ` AS ${quoteIdentifier(label)}`);
    return [{ name: isTree(aliased?.alias) ? textOf(aliased.alias, text) : label, masked }];
  });
}

const changes: Readonly<Record<string, (change: Change) => BoundSource[]>> = {
  Insert: insert,
  Update: update,
  Delete: remove,
};

/** INSERT, REPLACE, UPDATE and DELETE. @returns the columns of RETURNING */
export function rewriteWrite(
  rewriter: StatementRewriter,
  kind: string,
  outer: Tree,
  scope: Scope | null,
  ctes: CteColumns,
): readonly BoundColumn[] {
  const inner = outer[kind];
  const node = isTree(inner) ? inner : outer;
  const word = spanOf(node[`${kind.toLowerCase()}_token`]);
  const change: Change = {
    rewriter,
    node,
    level: new Scope(scope),
    ctes,
    first: rewriter.tokens.indexAt(word?.start ?? 0),
  };
  const read = changes[kind] ?? ((): never => refuse('query.unsupported', `${kind} is not accepted here`));
  const targets = read(change);
  return returning(change, targets[0]);
}
