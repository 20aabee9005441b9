import { quoteIdentifier } from '../../common/quote/mysql';
import { isTree, listOf, type Tree } from '../json-tree';
import { parseMysql } from '../mysql/parse-mysql';
import { Tokens } from '../mysql/tokens';
import { readName } from '../mysql/walk-tree';
import { isRowwise } from './is-rowwise';
import { folds, type Fold } from './merge-plan';
import { printOf } from './print-of';
import { refuseMerge } from './refuse-merge';
import type { DraftItem, DraftOrder, Reference, SelectDraft, Written } from './select-draft';
import { argumentOf, layOut, textOf, withoutAlias, withoutDirection, type Extent } from './select-layout';

const says = (value: unknown): boolean =>
  value !== null && value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);

/** @throws Refused for every member that says something and is not in the list */
function only(tree: Tree, known: readonly string[]): void {
  for (const [key, value] of Object.entries(tree)) {
    if (says(value) && !known.includes(key)) refuseMerge(key.replaceAll('_', ' ').toUpperCase());
  }
}

const treeOf = (value: unknown, construct: string): Tree => (isTree(value) ? value : refuseMerge(construct));

const tail = new Set(['limit']);

/** How sqlparser-rs writes a query of MySQL, as far as it merges. @throws Refused */
export async function draftMysql(text: string): Promise<SelectDraft> {
  const { tree, lexed } = await parseMysql(text);
  // The grammar does not know it behind GROUP BY, and the parser here has taken it away.
  if (lexed.words.some(({ word }) => word === 'rollup')) refuseMerge('WITH ROLLUP');
  const query = treeOf(tree.Query, 'this statement');
  only(query, ['body', 'order_by', 'limit_clause']);
  const select = treeOf(treeOf(query.body, 'this query').Select, 'a set operation');
  only(select, ['select_token', 'distinct', 'projection', 'from', 'selection', 'group_by', 'flavor']);
  const position = tableOf(listOf(select.from));
  requireRowwise(select.selection);
  const layout = layOut(new Tokens(lexed.code).all, position, tail);
  return {
    layout,
    items: listOf(select.projection).map((item, index) => itemOf(item, layout.items[index] ?? [], text)),
    distinct: distinctOf(select.distinct),
    groupBy: groupOf(select.group_by).map((key, index) =>
      referenceOf(key, layout.groupBy[index] ?? [], text),
    ),
    orderBy: orderOf(query.order_by).map((item, index) => keyOf(item, layout.orderBy[index] ?? [], text)),
    ...limitOf(query.limit_clause),
  };
}

function distinctOf(distinct: unknown): boolean {
  if (!says(distinct) || distinct === 'All') return false;
  return distinct === 'Distinct' ? true : refuseMerge('DISTINCT of this form');
}

function groupOf(groupBy: unknown): readonly unknown[] {
  const { Expressions: lists } = treeOf(groupBy, 'GROUP BY of this form');
  const [keys, modifiers] = listOf(lists);
  if (says(modifiers)) refuseMerge('GROUP BY of this form');
  return listOf(keys);
}

/** Where the name of the table stands. */
function tableOf(from: readonly unknown[]): number {
  const [item] = from;
  if (from.length !== 1 || !isTree(item)) return refuseMerge('anything but one table');
  only(item, ['relation']);
  const table = treeOf(treeOf(item.relation, 'FROM').Table, 'a derived table');
  only(table, ['name', 'alias']);
  return readName(table.name).position ?? refuseMerge('a table of this form');
}

function itemOf(item: unknown, extent: Extent, text: string): DraftItem {
  if (!isTree(item)) return refuseMerge('an item of this form');
  const [kind = '', value] = Object.entries(item)[0] ?? [];
  const star = kind === 'Wildcard' || kind === 'QualifiedWildcard';
  if (!star && kind !== 'ExprWithAlias' && kind !== 'UnnamedExpr') return refuseMerge('an item of this form');
  const named = kind === 'ExprWithAlias' ? treeOf(value, kind) : null;
  const expression = named ? named.expr : value;
  const alias = named && isTree(named.alias) ? String(named.alias.value) : null;
  const bare = withoutAlias(extent, named !== null);
  const fold = foldOf(expression);
  if (!fold) requireRowwise(expression);
  return {
    ...writtenOf(expression, textOf(text, bare)),
    star,
    alias,
    column: star ? null : (columnOf(expression)?.at(-1) ?? null),
    aggregate: fold && { fold, argument: textOf(text, argumentOf(bare)) },
  };
}

/** The parts of the name of a column. */
function columnOf(expression: unknown): readonly string[] | null {
  if (!isTree(expression)) return null;
  const { Identifier: one, CompoundIdentifier: several } = expression;
  const parts = isTree(one) ? [one] : listOf(several);
  return parts.length === 0 ? null : parts.map((part) => (isTree(part) ? String(part.value) : ''));
}

function writtenOf(expression: unknown, sql: string): Written {
  const names: string[] = [];
  const collect = (one: unknown): void => {
    if (Array.isArray(one)) for (const member of one) collect(member);
    else if (isTree(one)) {
      const column = columnOf(one)?.at(-1);
      if (column !== undefined) names.push(column);
      for (const member of Object.values(one)) collect(member);
    }
  };
  collect(expression);
  return { print: printOf(expression, 'span', 'quote_style'), sql, names };
}

function referenceOf(expression: unknown, extent: Extent, text: string): Reference {
  const number = digitsOf(expression);
  if (number !== null) return { kind: 'number', number };
  const parts = columnOf(expression);
  if (parts) {
    const written = writtenOf(expression, parts.map(quoteIdentifier).join('.'));
    return { kind: 'column', name: parts.at(-1)!, qualified: parts.length > 1, ...written };
  }
  if (foldOf(expression) === null) requireRowwise(expression);
  return { kind: 'expression', ...writtenOf(expression, textOf(text, extent)) };
}

function foldOf(expression: unknown): Fold | null {
  const call = isTree(expression) ? expression.Function : undefined;
  if (!isTree(call)) return null;
  const fold = folds.find((name) => name === nameOf(call));
  if (!fold) return null;
  only(call, ['name', 'parameters', 'args']);
  const list = treeOf(treeOf(call.args, 'an aggregate of this form').List, 'an aggregate of this form');
  if (says(list.duplicate_treatment)) refuseMerge('an aggregate with DISTINCT');
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

/** Nothing inside but columns, values, operators and functions of one row: no query, no aggregate, no window. */
function requireRowwise(value: unknown): void {
  if (Array.isArray(value)) for (const one of value) requireRowwise(one);
  if (!isTree(value)) return;
  for (const [key, member] of Object.entries(value)) {
    if (!says(member)) continue;
    if (key === 'body' || key === 'MatchAgainst') refuseMerge('a subquery or a full-text search');
    if (key === 'Function' && isTree(member)) {
      if (says(member.over)) refuseMerge('a window function');
      if (!isRowwise(nameOf(member))) refuseMerge(`the function ${nameOf(member) || 'of this form'}`);
      only(member, ['name', 'parameters', 'args']);
    }
    requireRowwise(member);
  }
}

function orderOf(value: unknown): readonly unknown[] {
  if (!says(value)) return [];
  const orderBy = treeOf(value, 'ORDER BY');
  only(orderBy, ['kind']);
  const { Expressions: items } = treeOf(orderBy.kind, 'ORDER BY');
  return Array.isArray(items) ? items : refuseMerge('ORDER BY of this form');
}

function keyOf(item: unknown, extent: Extent, text: string): DraftOrder {
  const one = treeOf(item, 'ORDER BY');
  only(one, ['expr', 'options']);
  const options = isTree(one.options) ? one.options : {};
  only(options, ['asc']);
  const descending = options.asc === false;
  // NULL is less than everything.
  return {
    key: referenceOf(one.expr, withoutDirection(extent), text),
    descending,
    nullsFirst: !descending,
  };
}

function limitOf(value: unknown): { limit: number | null; offset: number } {
  if (!says(value)) return { limit: null, offset: 0 };
  const { LimitOffset: plain, OffsetCommaLimit: comma } = treeOf(value, 'LIMIT');
  const clause = isTree(plain) ? plain : treeOf(comma, 'LIMIT of this form');
  only(clause, ['limit', 'offset']);
  const offset = isTree(plain) && isTree(clause.offset) ? clause.offset.value : clause.offset;
  return {
    limit: digitsOf(clause.limit) ?? refuseMerge('a LIMIT that is no number'),
    offset: says(offset) ? (digitsOf(offset) ?? refuseMerge('an OFFSET that is no number')) : 0,
  };
}

function digitsOf(expression: unknown): number | null {
  const literal = isTree(expression) && isTree(expression.Value) ? expression.Value.value : undefined;
  const [digits] = isTree(literal) ? listOf(literal.Number) : [];
  return typeof digits === 'string' && /^\d{1,15}$/.test(digits) ? Number(digits) : null;
}
