import type { RelationDescription, RelationName } from '../../src/common/relation-description';
import type { Dialect } from '../../src/common/dialect';
import type { Source } from '../../src/drivers/driver';
import { rewrite } from '../../src/sql/policy/rewrite';
import type { RewriteRequest, Rewriting } from '../../src/sql/policy/rewriting';

type Outcome = Exclude<Rewriting, { missing: readonly RelationName[] }>;

const key = ({ schema, name }: RelationName): string => JSON.stringify([schema, name]);

/** Relations that were described, with their versions, as a planner keeps them. */
export class Descriptions {
  readonly known = new Map<string, RelationDescription | null>();

  constructor(private readonly source: Source) {}

  readonly describe = (relation: RelationName): RelationDescription | null | undefined =>
    this.known.get(key(relation));

  async load(relations: readonly RelationName[]): Promise<void> {
    const found = await this.source.describe(relations, new AbortController().signal);
    for (const [index, relation] of relations.entries()) this.known.set(key(relation), found[index] ?? null);
  }
}

/** Rewrites, looks up what is missing, and does so again until nothing is. */
export async function rewriteOnSource(
  dialect: Dialect,
  request: Omit<RewriteRequest, 'describe'>,
  descriptions: Descriptions,
): Promise<Outcome> {
  for (;;) {
    const rewriting = await rewrite(dialect, { ...request, describe: descriptions.describe });
    if (!('missing' in rewriting)) return rewriting;
    await descriptions.load(rewriting.missing);
  }
}
