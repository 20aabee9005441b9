import type { RelationName } from '../../common/relation-description';
import type { RelationPolicy } from './relation-policy';

/** What of a database somebody may read, and so may see in its catalogs. */
export interface Visibility {
  /** `null` means all. */
  readonly allowedSchemas: readonly string[] | null;
  /** `schema.table`, or `table` where the engine has no schemas; `null` means all. */
  readonly allowedTables: readonly string[] | null;
  readonly denied: readonly DeniedColumn[];
}

/** Schemas of which anything may be read; `null` means all. */
export function visibleSchemas({ allowedSchemas, allowedTables }: Visibility): readonly string[] | null {
  const named = allowedTables?.map((table) => table.slice(0, table.indexOf('.'))) ?? null;
  return allowedSchemas?.filter((one) => named === null || named.includes(one)) ?? named;
}

export interface DeniedColumn extends RelationName {
  readonly column: string;
}

/** Policies on the catalog's own relations, by their names as the dialect spells them, for one visibility. */
export type CatalogRules = ReadonlyMap<string, (visibility: Visibility) => RelationPolicy>;
