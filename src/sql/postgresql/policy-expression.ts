import { parseSync } from 'libpg-query';
import { quoteIdentifier } from '../../common/quote/postgresql';
import type { RelationName } from '../../common/relation-description';
import type { Tree } from '../json-tree';
import { refuse } from '../refused';
import { fromUtf8Offsets } from '../text-position';
import type { PolicyVariables } from '../policy/rewriting';
import { nameParts } from './tree';
import { quoteLiteral } from './quote-literal';
import { tokensOf, type Token } from './tokens';
import { TreeWalker } from './walk-tree';

/** An administrator's expression, ready to stand between parentheses. */
export interface PolicyExpression {
  readonly sql: string;
  /** Every name that may be a column; more than there are where a name stands for something else. */
  readonly columns: ReadonlySet<string>;
  /** It asks other relations, so that the planner may turn it into a join. */
  readonly hasSubquery: boolean;
}

const broken = (detail: string): never => refuse('policy.broken', detail);

function scan(expression: string): Token[] {
  try {
    return tokensOf(expression);
  } catch {
    return broken('An expression of a policy has a syntax error');
  }
}

/** `:name` becomes its value; `::` and `:=` are other tokens of the scanner. */
function fillVariables(expression: string, variables: PolicyVariables): string {
  const tokens = scan(expression);
  let filled = '';
  let at = 0;
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1];
    if (
      token.text !== ':' ||
      next === undefined ||
      next.start !== token.end ||
      !/^[a-z_]\w*$/.test(next.text)
    )
      continue;
    const name = expression.slice(next.start, next.end);
    const value = variables.get(name);
    if (value === undefined) broken(`A policy asks for :${name}, which the user does not have`);
    filled += expression.slice(at, token.start) + quoteLiteral(value ?? null);
    at = next.end;
  }
  return filled + expression.slice(at);
}

/** The only target of `SELECT (…)`, nothing else in the statement. */
function parseExpression(text: string): Tree {
  let statements: readonly { stmt?: unknown }[] = [];
  try {
    statements = parseSync(text).stmts ?? [];
  } catch {
    return broken('An expression of a policy has a syntax error');
  }
  const select = (statements[0]?.stmt as { SelectStmt?: Tree } | undefined)?.SelectStmt;
  const targets = (select?.targetList ?? []) as readonly { ResTarget?: Tree }[];
  const others = Object.keys(select ?? {}).filter(
    (field) => !['targetList', 'limitOption', 'op'].includes(field),
  );
  const target = targets[0]?.ResTarget;
  if (statements.length !== 1 || targets.length !== 1 || others.length > 0 || target?.name !== undefined)
    return broken('An expression of a policy is more than one expression');
  return target as Tree;
}

function columnNames(value: unknown, names: Set<string>): Set<string> {
  if (Array.isArray(value)) for (const item of value) columnNames(item, names);
  else if (typeof value === 'object' && value !== null)
    for (const [key, child] of Object.entries(value)) {
      if (key === 'ColumnRef') for (const name of nameParts((child as Tree).fields)) names.add(name);
      columnNames(child, names);
    }
  return names;
}

/**
 * Fills in the variables and gives every relation its schema, so that no name of the statement around it can be taken for
 * it. What the administrator wrote is not rewritten.
 *
 * @param resolve the schema a bare name means, `null` when there is none such
 * @throws Refused `policy.broken`
 */
export function preparePolicyExpression(
  expression: string,
  variables: PolicyVariables,
  resolve: (relation: RelationName) => RelationName | null,
): PolicyExpression {
  const filled = fillVariables(expression, variables);
  // The line break ends a comment at the end of the expression.
  const prefix = 'SELECT (';
  const text = `${prefix}${filled}\n)`;
  const target = parseExpression(text);
  const walker = new TreeWalker(fromUtf8Offsets(text));
  walker.visit('ResTarget', target);
  const { relations } = walker.collector.facts('select');
  let sql = text;
  for (const relation of [...relations].toSorted((a, b) => (b.position ?? 0) - (a.position ?? 0))) {
    if (relation.schema !== null) continue;
    const found = resolve(relation) ?? broken(`A policy reads ${relation.name}, which does not exist`);
    const position = relation.position ?? 0;
    sql = `${sql.slice(0, position)}${quoteIdentifier(found.schema ?? '')}.${sql.slice(position)}`;
  }
  return {
    sql: sql.slice(prefix.length, -1),
    columns: columnNames(target, new Set()),
    hasSubquery: relations.length > 0 || text.toLowerCase().includes('select', prefix.length),
  };
}
