import { quoteIdentifier } from '../../common/quote/postgresql';
import { isTree, listOf, type Tree } from '../json-tree';
import { parsePostgresql } from '../postgresql/parse-postgresql';
import { tokensOf } from '../postgresql/tokens';
import { hasStar, locationOf, nameParts, unwrap } from '../postgresql/tree';
import { fromUtf8Offsets } from '../text-position';
import { isRowwise } from './is-rowwise';
import { folds, type Fold } from './merge-plan';
import { printOf } from './print-of';
import { refuseMerge } from './refuse-merge';
import type { DraftItem, DraftOrder, Reference, SelectDraft } from './select-draft';
import { argumentOf, layOut, textOf, withoutAlias, withoutDirection, type Extent } from './select-layout';

const inside = (value: unknown, kind: string): Tree | null => {
  const found = unwrap(value);
  return found?.kind === kind ? found.node : null;
};

/** What the members of a SELECT that never merge are to those who write one. */
const called: Readonly<Record<string, string>> = {
  havingClause: 'HAVING',
  windowClause: 'WINDOW',
  withClause: 'WITH',
  lockingClause: 'FOR UPDATE and FOR SHARE',
  valuesLists: 'VALUES',
  intoClause: 'INTO',
  agg_distinct: 'an aggregate with DISTINCT',
  agg_filter: 'an aggregate with FILTER',
  agg_order: 'an aggregate with ORDER BY',
  agg_within_group: 'WITHIN GROUP',
  over: 'a window function',
};

/** libpg_query leaves out what is empty: every other member says something. @throws Refused */
function only(node: Tree, known: readonly string[]): void {
  for (const key of Object.keys(node)) if (!known.includes(key)) refuseMerge(called[key] ?? key);
}

const members = [
  ...['distinctClause', 'targetList', 'fromClause', 'whereClause', 'groupClause', 'sortClause'],
  ...['limitOffset', 'limitCount', 'limitOption', 'op'],
];
const tail = new Set(['limit', 'offset', 'fetch']);

/** How libpg_query writes a query, as far as it merges. @throws Refused */
export async function draftPostgresql(text: string): Promise<SelectDraft> {
  const [statement] = await parsePostgresql(text);
  const select = inside(statement?.tree, 'SelectStmt') ?? refuseMerge('this statement');
  if (select.op !== 'SETOP_NONE') return refuseMerge('a set operation');
  only(select, members);
  const from = listOf(select.fromClause);
  const table = from.length === 1 ? inside(from[0], 'RangeVar') : null;
  if (!table) return refuseMerge('anything but one table');
  requireRowwise(select.whereClause);
  const layout = layOut(tokensOf(text), fromUtf8Offsets(text)(locationOf(table)), tail);
  const [group, order] = [listOf(select.groupClause), listOf(select.sortClause)];
  return {
    layout,
    items: listOf(select.targetList).map((item, index) => itemOf(item, layout.items[index] ?? [], text)),
    distinct: distinctOf(select.distinctClause),
    groupBy: group.map((key, index) => referenceOf(key, layout.groupBy[index] ?? [], text)),
    orderBy: order.map((key, index) => orderOf(key, layout.orderBy[index] ?? [], text)),
    limit: numberOf(select.limitCount, select.limitOption, 'LIMIT'),
    offset: numberOf(select.limitOffset, 'LIMIT_OPTION_COUNT', 'OFFSET') ?? 0,
  };
}

function distinctOf(clause: unknown): boolean {
  const list = listOf(clause);
  if (list.some((item) => isTree(item) && Object.keys(item).length > 0)) refuseMerge('DISTINCT ON');
  return list.length > 0;
}

function itemOf(item: unknown, extent: Extent, text: string): DraftItem {
  const target = inside(item, 'ResTarget') ?? refuseMerge('an item of this form');
  const alias = typeof target.name === 'string' ? target.name : null;
  const expression = withoutAlias(extent, alias !== null);
  const column = inside(target.val, 'ColumnRef');
  const star = column !== null && hasStar(column.fields);
  const fold = foldOf(target.val);
  if (!fold) requireRowwise(target.val);
  return {
    ...writtenOf(target.val, textOf(text, expression)),
    star,
    alias,
    column: column && !star ? (nameParts(column.fields).at(-1) ?? null) : null,
    aggregate: fold && { fold, argument: textOf(text, argumentOf(expression)) },
  };
}

function writtenOf(value: unknown, sql: string): { print: string; sql: string; names: string[] } {
  const names: string[] = [];
  const collect = (one: unknown): void => {
    if (Array.isArray(one)) for (const member of one) collect(member);
    else if (isTree(one)) {
      const column = isTree(one.ColumnRef) ? nameParts(one.ColumnRef.fields).at(-1) : undefined;
      if (column !== undefined) names.push(column);
      for (const member of Object.values(one)) collect(member);
    }
  };
  collect(value);
  return { print: printOf(value, 'location'), sql, names };
}

function referenceOf(value: unknown, extent: Extent, text: string): Reference {
  const constant = inside(value, 'A_Const');
  if (constant) {
    const { ival } = inside({ ival: constant.ival }, 'ival') ?? refuseMerge('a constant as a key');
    return { kind: 'number', number: Number(ival ?? 0) };
  }
  const column = inside(value, 'ColumnRef');
  if (column) {
    const parts = nameParts(column.fields);
    if (hasStar(column.fields)) return refuseMerge('a whole row as a key');
    const written = writtenOf(value, parts.map(quoteIdentifier).join('.'));
    return { kind: 'column', name: parts.at(-1) ?? '', qualified: parts.length > 1, ...written };
  }
  if (inside(value, 'GroupingSet')) return refuseMerge('GROUPING SETS, ROLLUP and CUBE');
  if (foldOf(value) === null) requireRowwise(value);
  return { kind: 'expression', ...writtenOf(value, textOf(text, extent)) };
}

function nameOf(call: Tree): string {
  const parts = nameParts(call.funcname);
  return parts.length === 1 ? parts[0]! : '';
}

function foldOf(expression: unknown): Fold | null {
  const call = inside(expression, 'FuncCall');
  const fold = call && folds.find((name) => name === nameOf(call));
  if (!call || !fold) return null;
  only(call, ['funcname', 'args', 'agg_star', 'funcformat', 'location']);
  requireRowwise(call.args);
  return fold;
}

const refusedNodes: Readonly<Record<string, string>> = {
  SubLink: 'a subquery',
  // CURRENT_TIMESTAMP and its kind: every server has its own.
  SQLValueFunction: 'the time or the account of the server',
  GroupingFunc: 'GROUPING',
};

/** Nothing inside but columns, values, operators and functions of one row: no query, no aggregate, no window. */
function requireRowwise(value: unknown): void {
  if (Array.isArray(value)) for (const one of value) requireRowwise(one);
  if (!isTree(value)) return;
  for (const [key, member] of Object.entries(value)) {
    if (Object.hasOwn(refusedNodes, key)) refuseMerge(refusedNodes[key]!);
    if (key === 'FuncCall' && isTree(member)) {
      // `extract(…)` and `trim(…)` are calls of pg_catalog to the grammar.
      const [name = '', schema] = nameParts(member.funcname).toReversed();
      const known =
        schema === undefined || (schema === 'pg_catalog' && member.funcformat === 'COERCE_SQL_SYNTAX');
      if (!known || !isRowwise(name)) refuseMerge(`the function ${name || 'of this form'}`);
      only(member, ['funcname', 'args', 'funcformat', 'location']);
    }
    requireRowwise(member);
  }
}

function orderOf(item: unknown, extent: Extent, text: string): DraftOrder {
  const sort = inside(item, 'SortBy') ?? refuseMerge('ORDER BY of this form');
  if (sort.sortby_dir === 'SORTBY_USING') return refuseMerge('ORDER BY … USING');
  const descending = sort.sortby_dir === 'SORTBY_DESC';
  const nulls: unknown = sort.sortby_nulls;
  // NULL is greater than everything, unless it is said where they go.
  return {
    key: referenceOf(sort.node, withoutDirection(extent), text),
    descending,
    nullsFirst: nulls === 'SORTBY_NULLS_DEFAULT' ? descending : nulls === 'SORTBY_NULLS_FIRST',
  };
}

function numberOf(value: unknown, option: unknown, word: string): number | null {
  if (value === undefined) return null;
  if (option !== 'LIMIT_OPTION_COUNT') return refuseMerge('WITH TIES');
  const constant = inside(value, 'A_Const');
  const integer = constant && isTree(constant.ival) ? constant.ival : null;
  // Zero is left out.
  return integer ? Number(integer.ival ?? 0) : refuseMerge(`${word} that is no number`);
}
