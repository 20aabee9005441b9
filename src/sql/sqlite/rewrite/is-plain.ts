import type { Tree } from '../parse-sqlite';
import { fold } from '../walk-tree';
import { below, child, nameOf } from './tree';

/** Functions that take any value without an error and cost about the same for each. */
const plainFunctions = new Set(
  `avg coalesce count cume_dist date datetime dense_rank first_value iif if ifnull julianday lag last_value lead length
  likely lower max min nullif percent_rank rank round row_number sign sum time total typeof unixepoch unlikely
  upper`.split(/\s+/),
);

/** Arithmetic of SQLite never fails: it overflows into REAL, and a division by zero is NULL. */
const plainOperators = new Set(
  `Add And BitwiseAnd BitwiseOr Equals Divide Greater GreaterEquals Is IsNot LeftShift Less LessEquals Modulus Multiply
  NotEquals Or RightShift Subtract`.split(/\s+/),
);

/** Wildcards in a pattern that is matched in linear time or close to it. */
const maxWildcards = 2;

const judgements: Readonly<Record<string, (node: Tree) => boolean>> = {
  FunctionCallExpr: (node) => plainFunctions.has(fold(nameOf(child(node, 'name') ?? node))),
  FunctionCallStarExpr: () => true,
  BinaryExpr: ({ op }) => plainOperators.has(String(op)),
  LikeExpr: (node) => {
    const pattern = child(node, 'rhs');
    const value = pattern?.type === 'StringLiteral' ? String(pattern.value) : null;
    return node.op === 'Like' && value !== null && value.split('%').length - 1 <= maxWildcards;
  },
  // its arguments are expressions over the rows on its left
  TableCallSelectTable: () => false,
};

/** A query in an expression takes its time for each row that reaches it. */
const queries = new Set(['SubqueryExpr', 'ExistsExpr', 'InSelectExpr', 'InTableExpr']);

/**
 * Whether no expression of a statement can fail, or take its time, depending on the values of a row. The engine may then
 * evaluate it before a row filter without telling anything of the rows that the filter hides.
 *
 * @param withQueries takes queries in expressions too: SQLite evaluates those that depend on the row after all other
 * conditions (wherecode.c, TERM_VARSELECT), so they come late enough when no filter has a query itself
 */
export function isPlain(node: Tree, withQueries: boolean): boolean {
  if (!withQueries && queries.has(node.type)) return false;
  return (judgements[node.type]?.(node) ?? true) && below(node).every((part) => isPlain(part, withQueries));
}
