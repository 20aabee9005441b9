import { isTree, type Tree } from '../json-tree';
import { knownKeys, skippedKeys } from './tree-keys';

const comparisons = new Set(['Eq', 'NotEq', 'Lt', 'LtEq', 'Gt', 'GtEq', 'Spaceship', 'And', 'Or', 'Xor']);
/** They run over rows that conditions have let through. */
const aggregates = new Set([
  'count',
  'min',
  'max',
  'sum',
  'avg',
  'any_value',
  'row_number',
  'rank',
  'dense_rank',
]);

/** Expressions that raise an error, or take long, for some values. */
const trying = new Set([
  ...['Cast', 'Convert', 'RLike', 'Extract', 'Substring', 'Trim', 'Position', 'Ceil', 'Floor', 'Interval'],
  ...['MatchAgainst', 'MemberOf', 'JsonTable'],
  // one row at most, or it is an error (ER_SUBQUERY_NO_1_ROW)
  'Subquery',
]);
/** What the analysis lets through besides `knownKeys`. */
const others = new Set(['alias', 'join_operator', 'into', 'results']);

const mayStand = (key: string): boolean => !trying.has(key) && (knownKeys.has(key) || others.has(key));
const saysNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === false || (Array.isArray(value) && value.length === 0);

/** Patterns that take no longer than their length for a text of any kind. */
const maxWildcards = 3;

function isPattern(pattern: unknown, escape: unknown): boolean {
  const literal =
    isTree(pattern) && isTree(pattern.Value) && isTree(pattern.Value.value) ? pattern.Value.value : {};
  return saysNothing(escape) && typeof literal.SingleQuotedString === 'string';
}

function functionName(call: Tree): string {
  const [part] = Array.isArray(call.name) ? (call.name as unknown[]) : [];
  return isTree(part) && isTree(part.Identifier) ? String(part.Identifier.value).toLowerCase() : '';
}

const checks: Readonly<Record<string, (node: Tree) => boolean>> = {
  BinaryOp: ({ op }) => comparisons.has(String(op)),
  UnaryOp: ({ op, expr }) => op === 'Not' || (isTree(expr) && expr.Value !== undefined),
  Function: (call) => aggregates.has(functionName(call)),
  Like: ({ pattern, escape_char: escape }) => isPattern(pattern, escape),
};

/** `expr op ANY (SELECT …)` compares with every row; the subquery of it is none that may have one row only. */
const quantified = new Set(['AnyOp', 'AllOp']);

function isPlainNode(key: string, node: Tree): boolean {
  if (!mayStand(key) || checks[key]?.(node) === false) return false;
  if (quantified.has(key)) {
    const { left, right } = node;
    return isPlainTree(left) && isPlainTree(isTree(right) && isTree(right.Subquery) ? right.Subquery : right);
  }
  return isPlainTree(node);
}

function isPlainTree(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlainTree);
  if (!isTree(value)) return true;
  return Object.entries(value).every(([key, child]) => {
    if (skippedKeys.has(key) || saysNothing(child)) return true;
    return isTree(child) ? isPlainNode(key, child) : mayStand(key) && isPlainTree(child);
  });
}

/** Whether there is a query inside. */
const asksAgain = (value: unknown): boolean => JSON.stringify(value ?? null).includes('"body":');

/**
 * What a top-level SELECT gives, sorts and groups by is evaluated for rows that its conditions have let through, unless
 * HAVING makes a condition of it.
 */
function withoutResults(query: Tree): Tree {
  const { body, order_by: order, ...rest } = query;
  if (!isTree(body)) return query;
  const results = [order].filter(asksAgain);
  return { ...rest, results, body: bodyWithoutResults(body) };
}

function bodyWithoutResults(body: Tree): Tree {
  if (isTree(body.Query)) return { Query: withoutResults(body.Query) };
  if (isTree(body.SetOperation)) {
    const { left, right } = body.SetOperation;
    return { SetOperation: [left, right].map((side) => (isTree(side) ? bodyWithoutResults(side) : side)) };
  }
  if (!isTree(body.Select) || !saysNothing(body.Select.having)) return body;
  const { projection, group_by: group, ...select } = body.Select;
  return { Select: { ...select, results: [projection, group].filter(asksAgain) } };
}

/**
 * Whether the conditions of a statement only compare: then it tells nothing of rows that a filter hides, in whichever
 * order the server tries the conditions.
 */
export function isPlain(statement: Tree, text: string): boolean {
  if ((text.match(/%/g) ?? []).length > maxWildcards) return false;
  return isPlainTree(isTree(statement.Query) ? { Query: withoutResults(statement.Query) } : statement);
}
