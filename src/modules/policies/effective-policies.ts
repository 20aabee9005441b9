import { createHash } from 'node:crypto';
import type { Dialect } from '../../common/dialect';
import { relationKey, type RelationName } from '../../common/relation-description';
import type { Principal } from '../../common/principal';
import type { DeniedColumn } from '../../sql/policy/visibility';
import type { ColumnPolicy, RelationPolicy } from '../../sql/policy/relation-policy';
import type { PolicyVariables } from '../../sql/policy/rewriting';
import { stricter } from '../../sql/policy/stricter';
import type { PolicyAudience, PolicyItem } from './policy-item';

/** Who looks: what decides which policies hold and what their variables are. */
export interface PolicyViewer extends Pick<Principal, 'userId' | 'username' | 'role'> {
  /** Sees values that policies would mask; filters and denied columns hold all the same. */
  readonly unmasked: boolean;
  readonly attributes: Readonly<Record<string, string | number | boolean | null>>;
}

/** The policies of a connection as they hold for one viewer. */
export interface EffectivePolicies {
  /** The same for viewers whose statements are rewritten in the same way. */
  readonly key: string;
  readonly isEmpty: boolean;
  /** An administrator's expression may call something that leaves traces in the session. */
  readonly callsFunctions: boolean;
  readonly variables: PolicyVariables;
  /** Columns that are not there for the viewer. */
  readonly denied: readonly DeniedColumn[];
  readonly policyOf: (relation: RelationName) => RelationPolicy | null;
}

export const noPolicies: EffectivePolicies = {
  key: '',
  isEmpty: true,
  callsFunctions: false,
  variables: new Map(),
  denied: [],
  policyOf: () => null,
};

const includes = (audience: PolicyAudience | undefined, { role, username }: PolicyViewer): boolean =>
  audience?.roles?.includes(role) === true || audience?.users?.includes(username) === true;

/** Administrators could take a policy away, so it holds for them only where it says so. */
function holdsFor({ appliesTo, exempt }: PolicyItem, viewer: PolicyViewer): boolean {
  if (includes(exempt, viewer)) return false;
  return appliesTo === undefined ? viewer.role !== 'admin' : includes(appliesTo, viewer);
}

function columnPolicyOf({ mask, expression, deny }: PolicyItem): ColumnPolicy | null {
  if (deny) return { rule: 'deny' };
  if (mask === undefined) return null;
  return mask === 'expression'
    ? { rule: 'mask', mask, expression: expression ?? 'NULL' }
    : { rule: 'mask', mask };
}

/** Dialects whose names may mean the same in another letter case. */
const caseless: ReadonlySet<Dialect | null> = new Set<Dialect | null>(['sqlite', 'mysql']);

function keyOf(relation: RelationName, dialect: Dialect | null): string {
  const key = relationKey(relation);
  return caseless.has(dialect) ? key.toLowerCase() : key;
}

interface Collected {
  rowFilters: string[];
  columns: Map<string, ColumnPolicy>;
}

function collect(
  items: readonly PolicyItem[],
  viewer: PolicyViewer,
  dialect: Dialect | null,
): Map<string, Collected> {
  const relations = new Map<string, Collected>();
  for (const item of items) {
    const policy = columnPolicyOf(item);
    if (!holdsFor(item, viewer) || (policy?.rule === 'mask' && viewer.unmasked)) continue;
    const key = keyOf({ schema: item.schema ?? null, name: item.table }, dialect);
    const relation = relations.get(key) ?? { rowFilters: [], columns: new Map<string, ColumnPolicy>() };
    relations.set(key, relation);
    if (item.rowFilter !== undefined) relation.rowFilters.push(item.rowFilter);
    if (policy !== null && item.column !== undefined)
      relation.columns.set(item.column, stricter(relation.columns.get(item.column), policy));
  }
  return relations;
}

function expressionsOf({ rowFilters, columns }: Collected): string[] {
  const masks = [...columns.values()].flatMap((policy) =>
    policy.rule === 'mask' && policy.mask === 'expression' ? [policy.expression] : [],
  );
  return [...rowFilters, ...masks];
}

/** Words that a parenthesis may follow without a call. */
const grammar = new Set([
  'in',
  'and',
  'or',
  'not',
  'any',
  'all',
  'some',
  'between',
  'like',
  'when',
  'then',
  'else',
  'case',
]);

/** A name in front of a parenthesis that is no word of the grammar; what is found in a literal costs a longer reset. */
function callsFunctions(expression: string): boolean {
  return [...expression.matchAll(/([\w$"`\]]+)\s*\(/g)].some(([, name]) => !grammar.has(name!.toLowerCase()));
}

/** Whether viewers with other variables may get another statement; a colon that means something else costs a plan. */
function namesVariables(collected: Collected): boolean {
  return expressionsOf(collected).some((text) => text.includes(':'));
}

/** Pure: what holds of `items` for the viewer, several policies on one column being the strictest of them. */
export function effectivePolicies(
  items: readonly PolicyItem[],
  viewer: PolicyViewer,
  dialect: Dialect | null,
): EffectivePolicies {
  const relations = collect(items, viewer, dialect);
  const { userId, username, role, attributes } = viewer;
  const variables: PolicyVariables = new Map<string, string | number | boolean | null>([
    ...Object.entries(attributes),
    ['user_id', userId],
    ['username', username],
    ['role', role],
  ]);
  const entries = [...relations].map(([key, { rowFilters, columns }]) => [key, rowFilters, [...columns]]);
  const text = JSON.stringify(entries);
  const identity = [...relations.values()].some(namesVariables) ? JSON.stringify([...variables]) : '';
  return {
    key: createHash('sha256').update(text).update(identity).digest('base64'),
    isEmpty: relations.size === 0,
    callsFunctions: [...relations.values()].flatMap(expressionsOf).some(callsFunctions),
    variables,
    denied: items.flatMap(({ schema = null, table, column, deny }) =>
      deny === true &&
      column !== undefined &&
      relations.get(keyOf({ schema, name: table }, dialect))?.columns.get(column)?.rule === 'deny'
        ? [{ schema, name: table, column }]
        : [],
    ),
    policyOf: (relation) => relations.get(keyOf(relation, dialect)) ?? null,
  };
}
