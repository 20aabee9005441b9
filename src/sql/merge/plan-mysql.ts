import { isTree, type Tree } from '../mysql/walk-tree';
import { parseMysql } from '../mysql/parse-mysql';
import { folds, isScalar, type Fold, type MergePlan, type OrderKey } from './merge-plan';
import { refuseMerge } from './refuse-merge';

const says = (value: unknown): boolean =>
  value !== null && value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);

/** @throws Refused for every member that says something and is not in the list */
function only(tree: Tree, known: readonly string[]): void {
  for (const [key, value] of Object.entries(tree)) {
    if (says(value) && !known.includes(key)) refuseMerge(key.replaceAll('_', ' ').toUpperCase());
  }
}

const treeOf = (value: unknown, construct: string): Tree => (isTree(value) ? value : refuseMerge(construct));
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** How sqlparser-rs writes a query of MySQL, as far as it merges. @throws Refused */
export async function planMysql(text: string): Promise<MergePlan> {
  const { tree } = await parseMysql(text);
  const query = treeOf(tree.Query, 'this statement');
  only(query, ['body', 'order_by', 'limit_clause']);
  const select = treeOf(treeOf(query.body, 'this query').Select, 'a set operation');
  only(select, ['select_token', 'projection', 'from', 'selection', 'group_by', 'flavor']);
  requireNoGroups(select.group_by);
  requireOneTable(listOf(select.from));
  requireRowwise(select.selection);
  const items = listOf(select.projection).map((item) => itemOf(item));
  const folded = items.map(foldOf);
  const order = orderOf(query.order_by);
  const limit = limitOf(query.limit_clause);
  if (folded.every((fold) => fold === null)) {
    for (const item of items) requireRowwise(item);
    return { folds: null, order, limit };
  }
  if (order.length > 0 || limit !== null) return refuseMerge('ORDER BY or LIMIT of an aggregate');
  return { folds: folded.map((fold) => fold ?? refuseMerge('an aggregate beside a column')), order, limit };
}

function requireNoGroups(groupBy: unknown): void {
  const { Expressions: lists } = treeOf(groupBy, 'GROUP BY');
  if (!Array.isArray(lists) || lists.some((list) => says(list))) refuseMerge('GROUP BY');
}

function requireOneTable(from: readonly unknown[]): void {
  const [item] = from;
  if (from.length !== 1 || !isTree(item)) return refuseMerge('anything but one table');
  only(item, ['relation']);
  only(treeOf(treeOf(item.relation, 'FROM').Table, 'a derived table'), ['name', 'alias']);
}

/** The expression of an item of the list; of `*` nothing that could do harm. */
function itemOf(item: unknown): unknown {
  if (!isTree(item)) return refuseMerge('an item of this form');
  const [kind = '', value] = Object.entries(item)[0] ?? [];
  if (kind === 'ExprWithAlias') return treeOf(value, kind).expr;
  if (kind === 'UnnamedExpr' || kind === 'Wildcard' || kind === 'QualifiedWildcard') return value;
  return refuseMerge('an item of this form');
}

function foldOf(expression: unknown): Fold | null {
  const call = isTree(expression) ? expression.Function : undefined;
  if (!isTree(call)) return null;
  const fold = folds.find((name) => name === nameOf(call));
  if (!fold) return null;
  only(call, ['name', 'parameters', 'args']);
  const list = treeOf(treeOf(call.args, 'an aggregate of this form').List, 'an aggregate of this form');
  only(list, ['args']);
  requireRowwise(list);
  return fold;
}

function nameOf(call: Tree): string {
  const parts = listOf(call.name);
  const [part] = parts;
  const identifier = isTree(part) && isTree(part.Identifier) ? part.Identifier : null;
  return parts.length === 1 && typeof identifier?.value === 'string' ? identifier.value.toLowerCase() : '';
}

/** Nothing inside but columns, values, operators and scalar functions: no query, no aggregate, no window. */
function requireRowwise(value: unknown): void {
  if (Array.isArray(value)) for (const one of value) requireRowwise(one);
  if (!isTree(value)) return;
  for (const [key, member] of Object.entries(value)) {
    if (!says(member)) continue;
    if (key === 'body' || key === 'MatchAgainst') refuseMerge('a subquery or a full-text search');
    if (key === 'Function' && isTree(member)) {
      if (!isScalar(nameOf(member))) refuseMerge(`the function ${nameOf(member) || 'of this form'}`);
      only(member, ['name', 'parameters', 'args']);
    }
    requireRowwise(member);
  }
}

function orderOf(value: unknown): OrderKey[] {
  if (!says(value)) return [];
  const orderBy = treeOf(value, 'ORDER BY');
  only(orderBy, ['kind']);
  const { Expressions: items } = treeOf(orderBy.kind, 'ORDER BY');
  if (!Array.isArray(items)) return refuseMerge('ORDER BY of this form');
  return items.map((item) => {
    const one = treeOf(item, 'ORDER BY');
    only(one, ['expr', 'options']);
    const identifier = isTree(one.expr) ? one.expr.Identifier : undefined;
    if (!isTree(identifier)) return refuseMerge('ORDER BY anything but a column of the result');
    const descending = isTree(one.options) && one.options.asc === false;
    // NULL is less than everything.
    return { column: String(identifier.value), descending, nullsFirst: !descending };
  });
}

function limitOf(value: unknown): number | null {
  if (!says(value)) return null;
  const clause = treeOf(treeOf(value, 'LIMIT').LimitOffset, 'OFFSET');
  only(clause, ['limit']);
  const literal = isTree(clause.limit) && isTree(clause.limit.Value) ? clause.limit.Value.value : undefined;
  const [digits] = isTree(literal) ? listOf(literal.Number) : [];
  if (typeof digits !== 'string' || !/^\d{1,15}$/.test(digits))
    return refuseMerge('a LIMIT that is no number');
  return Number(digits);
}
