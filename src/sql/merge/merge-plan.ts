/** Aggregates whose answer over everything follows from the answers over the parts. */
export const folds = ['count', 'sum', 'min', 'max'] as const;
export type Fold = (typeof folds)[number];

export interface OrderKey {
  /** Name of a column of the result. */
  readonly column: string;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/**
 * How the answers of a statement over parts of a table become its answer over the whole: folded column by column, or
 * put one behind the other, ordered and cut.
 */
export interface MergePlan {
  /** One for each column of the one row; `null` when rows are put together. */
  readonly folds: readonly Fold[] | null;
  readonly order: readonly OrderKey[];
  /** Of the statement itself. */
  readonly limit: number | null;
}

/** Built-ins that look at one row only. Whatever is not listed may be an aggregate, or differ from server to server. */
const scalars = new Set([
  'lower',
  'upper',
  'length',
  'char_length',
  'coalesce',
  'ifnull',
  'nullif',
  'concat',
  'abs',
  'round',
]);

export function isScalar(name: string): boolean {
  return scalars.has(name.toLowerCase());
}
