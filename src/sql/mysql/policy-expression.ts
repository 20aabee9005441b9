import { isTree, type Tree } from '../json-tree';
import { refuse } from '../refused';
import type { PolicyVariables } from '../policy/rewriting';
import { parseMysql, type ParsedMysql } from './parse-mysql';
import { quoteLiteral } from './quote-literal';

const broken = (detail: string): never => refuse('policy.broken', detail);

/** Strings, quoted names and comments, in which a colon is nothing but a colon; behind them the variables. */
const parts =
  /'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*"|`(?:[^`]|``)+`|\/\*[^]*?\*\/|(?:#|--(?=[ \t\n\v\f\r]|$))[^\n]*|:([A-Za-z_]\w*)/g;

function literalOf(name: string, variables: PolicyVariables): string {
  const value = variables.get(name);
  if (value === undefined) return broken(`A policy asks for :${name}, which the user does not have`);
  // neither can be sent, and no number is written like that
  const isSendable =
    typeof value === 'string'
      ? !/[\0\p{Surrogate}]/u.test(value)
      : typeof value !== 'number' || Number.isFinite(value);
  if (!isSendable) return broken(`A policy asks for :${name}, whose value cannot be written in SQL`);
  return quoteLiteral(value);
}

function fillVariables(expression: string, variables: PolicyVariables): string {
  return expression.replace(parts, (part: string, name: string | undefined) =>
    name === undefined ? part : literalOf(name, variables),
  );
}

/** An administrator's expression with its variables filled in, inside a SELECT of its own. */
export interface ParsedPolicyExpression extends ParsedMysql {
  readonly text: string;
  readonly expression: Tree;
  /** Where the expression stands in `text`; a comment at its end is closed by a line break inside. */
  readonly start: number;
  readonly end: number;
}

const opening = 'SELECT (';

function onlyExpression(tree: Tree): Tree {
  const { body, ...around } = isTree(tree.Query) ? tree.Query : {};
  const select = isTree(body) && isTree(body.Select) ? body.Select : {};
  const { projection, select_token: _token, group_by: group, flavor: _flavor, ...rest } = select;
  const others = [...Object.values(around), ...Object.values(rest)];
  const isEmpty = (value: unknown): boolean =>
    value === null || value === false || (Array.isArray(value) && value.length === 0);
  const [item, ...more] = Array.isArray(projection) ? (projection as Tree[]) : [];
  const nested = isTree(item?.UnnamedExpr) ? item.UnnamedExpr.Nested : undefined;
  const grouped = JSON.stringify(group) !== '{"Expressions":[[],[]]}';
  if (!isTree(nested) || more.length > 0 || grouped || !others.every(isEmpty))
    return broken('An expression of a policy is not one expression');
  return nested;
}

/**
 * Fills in the variables and parses what comes of it.
 *
 * @throws Refused `policy.broken`
 */
export async function parsePolicyExpression(
  expression: string,
  variables: PolicyVariables,
): Promise<ParsedPolicyExpression> {
  const text = `${opening}${fillVariables(expression, variables)}\n)`;
  const parsed = await parseMysql(text).catch(() => broken('An expression of a policy has a syntax error'));
  if (parsed.lexed.parameterCount > 0) broken('An expression of a policy has parameters (?)');
  if (parsed.explain !== null) broken('An expression of a policy is not one expression');
  return {
    ...parsed,
    text,
    expression: onlyExpression(parsed.tree),
    start: opening.length,
    end: text.length - 1,
  };
}
