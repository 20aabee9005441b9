import type { CanonicalType } from '../../drivers/cell';

export interface MoveColumn {
  readonly name: string;
  readonly type: CanonicalType;
  /** As the catalogs of both shards name it, e.g. `bigint(20) unsigned`. */
  readonly nativeType: string;
}

/** A table whose rows move, as it was found on both shards when the move began. */
export interface MoveTable {
  /** `null` where the database of the connection is the schema. */
  readonly schema: string | null;
  readonly name: string;
  readonly key: MoveColumn;
  readonly primaryKey: readonly MoveColumn[];
  /** Those that are stored; what the database computes is computed there again. */
  readonly columns: readonly MoveColumn[];
}

/** Whose rows move. */
export type MoveRange =
  | { readonly kind: 'keys'; readonly keys: readonly string[] }
  | { readonly kind: 'buckets'; readonly buckets: readonly number[]; readonly bucketCount: number };
