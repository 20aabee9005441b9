/** What a step of a plan does, in words that mean the same on every engine (docs/explain.md). */
export type PlanOperation =
  | 'full_scan'
  | 'full_index_scan'
  | 'index_scan'
  | 'index_only_scan'
  | 'index_merge'
  | 'key_lookup'
  | 'nested_loop'
  | 'hash_join'
  | 'merge_join'
  | 'sort'
  | 'aggregate'
  | 'distinct'
  | 'window'
  | 'limit'
  | 'union'
  | 'set_operation'
  | 'materialize'
  | 'subquery'
  | 'parallel'
  | 'values'
  | 'write'
  | 'other';

/** A step of a plan as the answer has it; the steps it takes its rows from are its children. */
export interface PlanNode {
  readonly operation: PlanOperation;
  /** The engine's own words for it, without names, conditions and values. */
  readonly native: string;
  readonly schema?: string;
  readonly table?: string;
  /** Under what name the statement has the table. */
  readonly alias?: string;
  readonly index?: string;
  /** `inner`, `left`, …, where the engine tells. */
  readonly join?: string;
  /** Rows the engine reckons the step to give. */
  readonly estimatedRows?: number;
  /** In units of the engine. */
  readonly estimatedCost?: number;
  readonly children: readonly PlanNode[];
}

/**
 * A step as it was read from the engine's answer, by a list of members of that: conditions, expressions and constants are not
 * among them. Names and estimates are still those of the server; `showPlan` decides which of them the caller may see.
 */
export interface PlanStep extends Pick<PlanNode, 'operation' | 'native' | 'index' | 'join'> {
  /** What is read or written; `schema` is `null` where the engine does not tell. */
  readonly relation?: { readonly schema: string | null; readonly name: string };
  readonly alias?: string;
  readonly rows?: number;
  readonly cost?: number;
  /** Rows are left out by a condition; what it is is not looked at. */
  readonly conditional?: boolean;
  /** The index is built for this statement, by reading the table whole. */
  readonly indexIsTemporary?: boolean;
  readonly children: readonly PlanStep[];
}
