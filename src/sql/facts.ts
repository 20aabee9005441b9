import type { ErrorCode } from '../common/errors/catalog';

export type StatementAccess = 'read' | 'write';

/** A table, view or collection that a statement names. */
export interface RelationRef {
  /** As written and folded by the dialect; `null` when the statement does not say. */
  readonly schema: string | null;
  readonly name: string;
  /** `write` may read the relation too: WHERE, RETURNING and expressions see its rows. */
  readonly access: StatementAccess;
  /** Offset of the name in the text in UTF-16 units, where the grammar tells. */
  readonly position: number | null;
}

export interface FunctionRef {
  readonly schema: string | null;
  readonly name: string;
  /** On the dialect's list of built-ins that only compute: no reading, writing, connecting, sleeping or locking. */
  readonly safe: boolean;
  readonly position: number | null;
}

/** What a statement is and touches. Whatever is not understood becomes a `Refusal` instead. */
export interface StatementFacts {
  /**
   * `select`, `values`, `explain`, `insert`, … ; `ddl` for what defines tables, indexes, views and schemas; for MongoDB the
   * operation (`find`, `aggregate`, …).
   */
  readonly kind: string;
  readonly access: StatementAccess;
  /** Every relation read or written, once per reference; names of CTEs are not among them. */
  readonly relations: readonly RelationRef[];
  readonly functions: readonly FunctionRef[];
  /** Parameters the statement expects. */
  readonly parameterCount: number;
  /** Of the kind `ddl`: what everybody is told who may not define anything. */
  readonly refusal?: Refusal;
}

/** Why a statement is not run: the construct is named so that the caller can change it. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly construct?: string;
  readonly position?: number;
}

export type Analysis =
  { readonly ok: true; readonly facts: StatementFacts } | { readonly ok: false; readonly refusal: Refusal };
