import { parsePostgresql } from '../postgresql/parse-postgresql';
import { folds, isScalar, type Fold, type MergePlan, type OrderKey } from './merge-plan';
import { refuseMerge } from './refuse-merge';

type Node = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const inside = (value: unknown, kind: string): Node | null => {
  const node = isNode(value) ? value[kind] : undefined;
  return isNode(node) ? node : null;
};

/** libpg_query leaves out what is empty: every other member says something. @throws Refused */
function only(node: Node, known: readonly string[]): void {
  for (const key of Object.keys(node)) if (!known.includes(key)) refuseMerge(key);
}

/** How libpg_query writes a query, as far as it merges. @throws Refused */
export async function planPostgresql(text: string): Promise<MergePlan> {
  const [statement] = await parsePostgresql(text);
  const select = inside(statement?.tree, 'SelectStmt') ?? refuseMerge('this statement');
  only(select, ['targetList', 'fromClause', 'whereClause', 'sortClause', 'limitCount', 'limitOption', 'op']);
  if (select.op !== 'SETOP_NONE') return refuseMerge('a set operation');
  const from = listOf(select.fromClause);
  if (from.length !== 1 || !inside(from[0], 'RangeVar')) return refuseMerge('anything but one table');
  requireRowwise(select.whereClause);
  const items = listOf(select.targetList).map((item) => inside(item, 'ResTarget')?.val);
  const folded = items.map(foldOf);
  const order = listOf(select.sortClause).map(orderKeyOf);
  const limit = limitOf(select);
  if (folded.every((fold) => fold === null)) {
    for (const item of items) requireRowwise(item);
    return { folds: null, order, limit };
  }
  if (order.length > 0 || limit !== null) return refuseMerge('ORDER BY or LIMIT of an aggregate');
  return { folds: folded.map((fold) => fold ?? refuseMerge('an aggregate beside a column')), order, limit };
}

function nameOf(call: Node): string {
  const names = listOf(call.funcname).map((part) => String(inside(part, 'String')?.sval));
  return names.length === 1 ? names[0]! : '';
}

function foldOf(expression: unknown): Fold | null {
  const call = inside(expression, 'FuncCall');
  const fold = call && folds.find((name) => name === nameOf(call));
  if (!call || !fold) return null;
  only(call, ['funcname', 'args', 'agg_star', 'funcformat', 'location']);
  requireRowwise(call.args);
  return fold;
}

/** Nothing inside but columns, values, operators and scalar functions: no query, no aggregate, no window. */
function requireRowwise(value: unknown): void {
  if (Array.isArray(value)) for (const one of value) requireRowwise(one);
  if (!isNode(value)) return;
  for (const [key, member] of Object.entries(value)) {
    if (key === 'SubLink') refuseMerge('a subquery');
    if (key === 'FuncCall' && isNode(member)) {
      if (!isScalar(nameOf(member))) refuseMerge(`the function ${nameOf(member) || 'of this form'}`);
      only(member, ['funcname', 'args', 'funcformat', 'location']);
    }
    requireRowwise(member);
  }
}

function orderKeyOf(item: unknown): OrderKey {
  const sort = inside(item, 'SortBy') ?? refuseMerge('ORDER BY of this form');
  const fields = listOf(inside(sort.node, 'ColumnRef')?.fields);
  const column = fields.length === 1 ? inside(fields[0], 'String')?.sval : undefined;
  if (typeof column !== 'string' || sort.sortby_dir === 'SORTBY_USING') {
    return refuseMerge('ORDER BY anything but a column of the result');
  }
  const descending = sort.sortby_dir === 'SORTBY_DESC';
  const nulls: unknown = sort.sortby_nulls;
  // NULL is greater than everything, unless it is said where they go.
  return {
    column,
    descending,
    nullsFirst: nulls === 'SORTBY_NULLS_DEFAULT' ? descending : nulls === 'SORTBY_NULLS_FIRST',
  };
}

function limitOf({ limitCount, limitOption }: Node): number | null {
  if (limitCount === undefined) return null;
  if (limitOption !== 'LIMIT_OPTION_COUNT') return refuseMerge('WITH TIES');
  const constant = inside(limitCount, 'A_Const');
  const integer = constant && inside(constant, 'ival');
  // Zero is left out.
  return integer ? Number(integer.ival ?? 0) : refuseMerge('a LIMIT that is no number');
}
