import type { Dialect } from '../../src/common/dialect';
import type {
  RelationDescription,
  RelationName,
  RelationVersion,
} from '../../src/common/relation-description';
import type { Source } from '../../src/drivers/driver';
import type { RelationPolicy } from '../../src/sql/policy/relation-policy';
import { rewrite } from '../../src/sql/policy/rewrite';
import type { PolicyVariables, Rewriting } from '../../src/sql/policy/rewriting';

export interface Viewer {
  readonly dialect: Dialect;
  readonly searchPath: readonly string[];
  readonly policyOf: (relation: RelationName) => RelationPolicy | null;
  readonly variables: PolicyVariables;
}

const keyOf = ({ schema, name }: RelationName): string => JSON.stringify([schema, name]);

/** Rewrites a statement by the live catalog, as a planner does: looks up what is missing until nothing is. */
export async function rewriteOnSource(
  source: Source,
  text: string,
  viewer: Viewer,
  signal: AbortSignal,
): Promise<{ rewriting: Rewriting; expects: RelationVersion[] }> {
  const known = new Map<string, RelationDescription | null>();
  for (;;) {
    const rewriting = await rewrite(viewer.dialect, {
      text,
      searchPath: viewer.searchPath,
      describe: (relation) => known.get(keyOf(relation)),
      policyOf: viewer.policyOf,
      variables: viewer.variables,
      hashKey: Buffer.alloc(32, 7),
    });
    if (rewriting.ok || !('missing' in rewriting)) {
      const restsOn = rewriting.ok ? rewriting.statement.restsOn : [];
      const expects = restsOn.map((relation) => ({
        ...relation,
        version: known.get(keyOf(relation))?.version ?? null,
      }));
      return { rewriting, expects };
    }
    const found = await source.describe(rewriting.missing, signal);
    for (const [at, relation] of rewriting.missing.entries()) {
      if (known.has(keyOf(relation))) throw new Error(`asked twice for ${keyOf(relation)}`);
      known.set(keyOf(relation), found[at] ?? null);
    }
  }
}
