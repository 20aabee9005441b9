import type { Fold } from './merge-plan';
import type { SelectLayout } from './select-layout';

/** An expression of a statement. */
export interface Written {
  /** The same for two expressions that are the same but for white space. */
  readonly print: string;
  readonly sql: string;
  /** Names of the columns in it. */
  readonly names: readonly string[];
}

export interface DraftItem extends Written {
  readonly star: boolean;
  readonly alias: string | null;
  /** Of a column as it is. */
  readonly column: string | null;
  readonly aggregate: { readonly fold: Fold; readonly argument: string } | null;
}

/** What stands in GROUP BY or ORDER BY. */
export type Reference =
  | { readonly kind: 'number'; readonly number: number }
  | ({ readonly kind: 'column'; readonly name: string; readonly qualified: boolean } & Written)
  | ({ readonly kind: 'expression' } & Written);

export interface DraftOrder {
  readonly key: Reference;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** A SELECT over one table without subqueries, windows and what else never merges: what its grammar says of it. */
export interface SelectDraft {
  readonly layout: SelectLayout;
  readonly items: readonly DraftItem[];
  readonly distinct: boolean;
  readonly groupBy: readonly Reference[];
  readonly orderBy: readonly DraftOrder[];
  readonly limit: number | null;
  readonly offset: number;
}
