import { isTree, listOf, type Tree } from '../json-tree';
import { hasStar, nameParts, unwrap } from './tree';

/** Comparisons that raise no error whatever the values are. */
const comparisons = new Set(['=', '<>', '!=', '<', '>', '<=', '>=']);
const comparingKinds = new Set([
  'AEXPR_OP',
  'AEXPR_OP_ANY',
  'AEXPR_OP_ALL',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
  'AEXPR_IN',
  'AEXPR_NULLIF',
]);
const betweenKinds = new Set([
  'AEXPR_BETWEEN',
  'AEXPR_NOT_BETWEEN',
  'AEXPR_BETWEEN_SYM',
  'AEXPR_NOT_BETWEEN_SYM',
]);
/** Aggregates run over rows that a filter has let through; their arguments are looked at like everything else. */
const aggregates = new Set(['count', 'min', 'max']);

const isConstant = (value: unknown): boolean => {
  const found = unwrap(value);
  return found?.kind === 'A_Const' || found?.kind === 'ParamRef';
};

/** A pattern whose escapes are complete (SQLSTATE 22025 otherwise). */
function isPattern(value: unknown): boolean {
  const found = unwrap(value);
  const text = found?.kind === 'A_Const' && isTree(found.node.sval) ? found.node.sval.sval : null;
  return typeof text === 'string' && !text.includes('\\');
}

const all = (values: readonly unknown[]): boolean => values.every((value) => isPlainExpression(value));

const plain: ReadonlyMap<string, (node: Tree) => boolean> = new Map<string, (node: Tree) => boolean>([
  ['ColumnRef', () => true],
  ['ParamRef', () => true],
  ['A_Const', () => true],
  ['SQLValueFunction', () => true],
  ['SetToDefault', () => true],
  [
    'A_Expr',
    ({ kind, name, lexpr, rexpr }) => {
      const operator = nameParts(name)[0] ?? '';
      if (betweenKinds.has(String(kind))) return all([lexpr, ...itemsOf(rexpr)]);
      if (kind === 'AEXPR_LIKE' || kind === 'AEXPR_ILIKE') return all([lexpr]) && isPattern(rexpr);
      return comparingKinds.has(String(kind)) && comparisons.has(operator) && all([lexpr, ...itemsOf(rexpr)]);
    },
  ],
  ['BoolExpr', ({ args }) => all(listOf(args))],
  ['NullTest', ({ arg }) => isPlainExpression(arg)],
  ['BooleanTest', ({ arg }) => isPlainExpression(arg)],
  ['CoalesceExpr', ({ args }) => all(listOf(args))],
  ['CaseExpr', ({ arg, args, defresult }) => all([arg, ...listOf(args), defresult])],
  ['CaseWhen', ({ expr, result }) => all([expr, result])],
  ['A_ArrayExpr', ({ elements }) => all(listOf(elements))],
  ['RowExpr', ({ args }) => all(listOf(args))],
  ['TypeCast', ({ arg }) => isConstant(arg)],
  // one row at most: a scalar subquery with more is an error (SQLSTATE 21000)
  [
    'SubLink',
    ({ subLinkType, testexpr, operName }) =>
      subLinkType === 'EXISTS_SUBLINK' ||
      (subLinkType === 'ANY_SUBLINK' && isPlainExpression(testexpr) && nameParts(operName).length === 0),
  ],
  [
    'FuncCall',
    ({ funcname, args, agg_filter: filter, agg_order: order, over }) =>
      aggregates.has(nameParts(funcname).at(-1) ?? '') &&
      over === undefined &&
      all([...listOf(args), filter, ...listOf(order)]),
  ],
  ['SortBy', ({ node }) => isPlainExpression(node)],
]);

const itemsOf = (value: unknown): readonly unknown[] => {
  const found = unwrap(value);
  return found?.kind === 'List' ? listOf(found.node.items) : [value];
};

function isPlainExpression(value: unknown): boolean {
  if (value === undefined) return true;
  const found = unwrap(value);
  if (found === null) return false;
  if (found.kind === 'ColumnRef' && hasStar(found.node.fields)) return true;
  return plain.get(found.kind)?.(found.node) ?? false;
}

/** Conditions of a level, and what a level below the outermost one selects: conditions may be moved onto that. */
function isPlainNode(kind: string, node: Tree, depth: number): boolean {
  if (kind === 'SelectStmt') {
    const targets = depth === 0 ? [] : listOf(node.targetList);
    return all([
      node.whereClause,
      node.havingClause,
      ...targets.map((target) => unwrap(target)?.node.val),
      ...listOf(node.valuesLists).flatMap(itemsOf),
    ]);
  }
  if (kind === 'JoinExpr') return all([node.quals]);
  if (kind === 'UpdateStmt' || kind === 'DeleteStmt') return all([node.whereClause]);
  return kind !== 'MergeStmt' && kind !== 'RangeTableSample';
}

/**
 * Whether no condition of a statement can fail, or take its time, depending on the values it meets. The planner may try
 * the conditions of a statement in any order (manual 4.2.14): those of the others must not be tried on rows that a
 * filter hides, since an error or a pause would tell of them.
 */
export function isPlain(value: unknown, depth = -1): boolean {
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth));
  if (!isTree(value)) return true;
  return Object.entries(value).every(([key, child]) => {
    // `larg` and `rarg` of a set operation are statements without a wrapper
    const kind =
      key === 'larg' || key === 'rarg' ? (isTree(child) && 'op' in child ? 'SelectStmt' : '') : key;
    const inner = kind === 'SelectStmt' ? depth + 1 : depth;
    const set = key === 'larg' || key === 'rarg' ? depth : inner;
    return (!isTree(child) || isPlainNode(kind, child, set)) && isPlain(child, set);
  });
}
