import type { Dialect } from '../../src/common/dialect';
import type { RelationDescription, RelationName } from '../../src/common/relation-description';
import type { Source } from '../../src/drivers/driver';
import { analyse } from '../../src/sql/analyse';
import type { Refusal } from '../../src/sql/facts';
import { rewrite } from '../../src/sql/policy/rewrite';
import type { ColumnPolicy, RelationPolicy } from '../../src/sql/policy/relation-policy';
import type { PolicyVariables, RewrittenStatement } from '../../src/sql/policy/rewriting';

export interface PolicyProfile {
  readonly dialect: Dialect;
  readonly searchPath: readonly string[];
  /** By `schema.name`, or `name` where the engine has no schemas. */
  readonly policies: Readonly<
    Record<
      string,
      { readonly rowFilters?: readonly string[]; readonly columns?: Readonly<Record<string, ColumnPolicy>> }
    >
  >;
  readonly variables?: PolicyVariables;
}

export const hashKey = Buffer.alloc(32, 7);

const nameOf = ({ schema, name }: RelationName): string => (schema === null ? name : `${schema}.${name}`);

/** What the service does before it sends a statement: analyse, describe what is missing, rewrite. */
export async function rewriteOnSource(
  source: Source,
  text: string,
  { dialect, searchPath, policies, variables }: PolicyProfile,
): Promise<{ readonly statement: RewrittenStatement } | { readonly refusal: Refusal }> {
  const analysis = await analyse(dialect, text);
  if (!analysis.ok) return { refusal: analysis.refusal };
  const known = new Map<string, RelationDescription | null>();
  const policyOf = (relation: RelationName): RelationPolicy | null => {
    const policy = policies[nameOf(relation)];
    return policy
      ? { rowFilters: policy.rowFilters ?? [], columns: new Map(Object.entries(policy.columns ?? {})) }
      : null;
  };
  for (let round = 0; round < 50; round += 1) {
    const rewriting = await rewrite(dialect, {
      text,
      searchPath,
      describe: (relation) => known.get(nameOf(relation)),
      policyOf,
      variables: variables ?? new Map(),
      hashKey,
    });
    if (rewriting.ok) return { statement: rewriting.statement };
    if ('refusal' in rewriting) return { refusal: rewriting.refusal };
    const found = await source.describe!(rewriting.missing, new AbortController().signal);
    rewriting.missing.forEach((relation, index) => known.set(nameOf(relation), found[index] ?? null));
  }
  throw new Error('The rewriting asks again and again');
}
