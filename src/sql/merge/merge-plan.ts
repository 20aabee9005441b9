import type { TextEdit } from '../policy/rewriting';

/** Aggregates whose answer over everything follows from the answers over the parts. */
export const folds = ['count', 'sum', 'min', 'max', 'avg'] as const;
export type Fold = (typeof folds)[number];

/** A column of the parts' answers: counted from the first, or among those behind the last that only the merge needs. */
export type ColumnAt = { readonly item: number } | { readonly added: number };

/** A column whose values are compared. */
export interface KeyAt {
  readonly at: ColumnAt;
  /** The added column that says how the engine compares texts of it; `null` where it holds numbers only. */
  readonly collation: number | null;
}

export interface OrderKey extends KeyAt {
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export type FoldAt =
  | { readonly fold: 'count' | 'sum'; readonly at: ColumnAt }
  | { readonly fold: 'min' | 'max'; readonly at: ColumnAt; readonly key: KeyAt }
  | {
      readonly fold: 'avg';
      readonly at: ColumnAt;
      /** Added columns with the sum and the count of the same values. */
      readonly sum: number;
      readonly count: number;
    };

export interface Grouping {
  /** Empty for the one row over everything. */
  readonly keys: readonly KeyAt[];
  readonly folds: readonly FoldAt[];
}

/**
 * How the answers of a statement over parts of a table become its answer over the whole: grouped once more, or put
 * together without what was there already, in their order; then cut.
 */
export interface MergePlan {
  /** What each part is asked. */
  readonly text: string;
  readonly edits: readonly TextEdit[];
  /** Columns at the end of the parts' answers that are not of the answer. */
  readonly added: number;
  readonly grouping: Grouping | null;
  /** Columns in which rows differ; `null` where equal rows stay. */
  readonly distinct: readonly KeyAt[] | null;
  readonly order: readonly OrderKey[];
  readonly limit: number | null;
  readonly offset: number;
}
