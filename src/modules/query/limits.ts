import type { Permission } from '../permissions/permission';

export interface Limits {
  /** Rows of the answer at most; `Infinity` for a stream that nothing bounds. */
  readonly maxRows: number;
  /** Rows that a write may change; `Infinity` for no bound. */
  readonly maxChangedRows: number;
  readonly timeoutMs: number;
}

const MIN_TIMEOUT_MS = 1;

/** The least of what was asked for, what the permission allows and what the service bears. */
export function limitsOf(
  asked: { readonly maxRows?: number; readonly timeoutMs?: number },
  permission: Pick<Permission, 'maxRowsPerQuery' | 'maxRowsPerWrite' | 'maxExecutionTimeSeconds'>,
  serviceMaxRows: number,
): Limits {
  return {
    maxRows: Math.min(asked.maxRows ?? Infinity, permission.maxRowsPerQuery ?? Infinity, serviceMaxRows),
    maxChangedRows: permission.maxRowsPerWrite ?? Infinity,
    timeoutMs: Math.max(
      MIN_TIMEOUT_MS,
      Math.min(asked.timeoutMs ?? Infinity, permission.maxExecutionTimeSeconds * 1000),
    ),
  };
}

/** Rows that a plan may come in; one with more is refused, never cut. */
export const MAX_PLAN_ROWS = 10_000;

/** The rows of a plan are none of a table, and none is changed for it: of the limits of a run only time is left. */
export function limitsOfPlan({ timeoutMs }: Limits): Limits {
  return { maxRows: MAX_PLAN_ROWS, maxChangedRows: Infinity, timeoutMs };
}
