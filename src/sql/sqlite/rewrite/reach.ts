import type {
  DescribedColumn,
  RelationDescription,
  RelationName,
} from '../../../common/relation-description';
import type { ColumnPolicy } from '../../policy/relation-policy';
import type { RewriteRequest } from '../../policy/rewriting';
import { Refused, refuse } from '../../refused';
import { isSafeFunction } from '../safe-functions';
import { parseSqlite, type Tree } from '../parse-sqlite';
import { fold, TreeWalker } from '../walk-tree';
import { parsePolicyExpression, type PolicyExpression } from './policy-expression';

/** A column's rule with its expression read. */
export type ColumnRule =
  | Exclude<ColumnPolicy, { readonly mask: 'expression' }>
  | { readonly rule: 'mask'; readonly mask: 'expression'; readonly expression: PolicyExpression };

/** What of a view's text can be worked with; `null` where the text cannot be read. */
export interface Definition {
  readonly text: string;
  readonly root: Tree;
  readonly relations: readonly string[];
  readonly safe: boolean;
}

/** A relation that the statement reaches, with what holds for it. */
export interface Reached {
  readonly description: RelationDescription;
  readonly filters: readonly PolicyExpression[];
  /** By folded column name. */
  readonly rules: ReadonlyMap<string, ColumnRule>;
  readonly definition: Definition | null;
}

export interface Reach {
  /** By folded name; `null` where there is no such relation. */
  readonly relations: ReadonlyMap<string, Reached | null>;
  readonly missing: readonly RelationName[];
}

/**
 * Follows the names of a statement through views, through what virtual tables show and through the subqueries of
 * policies, until everything is known that the rewriting may ask.
 *
 * @throws Refused `policy.broken` for a policy that cannot be kept
 */
export function reach(names: readonly string[], request: RewriteRequest): Reach {
  const relations = new Map<string, Reached | null>();
  const missing: RelationName[] = [];
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (relations.has(name)) continue;
    relations.set(name, null);
    const description = request.describe({ schema: null, name });
    if (description === undefined) missing.push({ schema: null, name });
    if (description == null) continue;
    const reached = readPolicy(description, request);
    relations.set(name, reached);
    const expressions = [...reached.rules.values()].flatMap((rule) =>
      'expression' in rule ? [rule.expression] : [],
    );
    for (const expression of [...reached.filters, ...expressions]) queue.push(...expression.relations);
    queue.push(...(reached.definition?.relations ?? []));
    queue.push(...description.ancestors.map((ancestor) => fold(ancestor.name)));
  }
  return { relations, missing };
}

function readPolicy(description: RelationDescription, request: RewriteRequest): Reached {
  const { name } = description;
  const policy = request.policyOf({ schema: null, name });
  const filters = (policy?.rowFilters ?? []).map((filter) =>
    parsePolicyExpression(filter, `The row filter of ${name}`),
  );
  const rules = new Map<string, ColumnRule>();
  for (const [column, rule] of policy?.columns ?? []) {
    if (columnOf(description, column) === undefined)
      refuse('policy.broken', `A policy speaks of the column ${column}, which ${name} does not have`);
    rules.set(fold(column), readRule(rule, `The mask of ${name}.${column}`));
  }
  for (const column of description.columns) {
    // what is computed from a column tells of it
    const reveals = column.computedFrom?.some((source) => rules.has(fold(source))) ?? false;
    if (reveals && !rules.has(fold(column.name)))
      rules.set(fold(column.name), { rule: 'mask', mask: 'null' });
  }
  return { description, filters, rules, definition: readDefinition(description) };
}

function readRule(rule: ColumnPolicy, owner: string): ColumnRule {
  if (rule.rule === 'deny' || rule.mask !== 'expression') return rule;
  return { rule: 'mask', mask: 'expression', expression: parsePolicyExpression(rule.expression, owner) };
}

export function columnOf(description: RelationDescription, name: string): DescribedColumn | undefined {
  return description.columns.find((column) => fold(column.name) === fold(name));
}

function readDefinition({ definition }: RelationDescription): Definition | null {
  if (definition === null) return null;
  try {
    const root = parseSqlite(definition);
    if (root.type !== 'SelectStmt') return null;
    const walker = new TreeWalker();
    walker.visit(root);
    const { relations, functions, parameterCount } = walker.collector.facts('select');
    if (parameterCount > 0 || relations.some(({ schema }) => schema !== null && schema !== 'main'))
      return null;
    return {
      text: definition,
      root,
      relations: relations.map(({ name }) => name),
      safe: functions.every(({ name }) => isSafeFunction(name)),
    };
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}
