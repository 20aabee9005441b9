import type { ListedProcedure } from './listed-procedure';

/** What a principal may do on a connection. `null` in a list means all, an empty list none. */
export interface Permission {
  readonly canQuery: boolean;
  readonly canWrite: boolean;
  /** Sees values that policies would mask. */
  readonly unmasked: boolean;
  readonly allowedSchemas: readonly string[] | null;
  /** `schema.table`, or `table` where the engine has no schemas. */
  readonly allowedTables: readonly string[] | null;
  readonly writableTables: readonly string[] | null;
  /** `null`: no bound but the service's own. */
  readonly maxRowsPerQuery: number | null;
  /** Rows that one write may change; `null`: no bound. */
  readonly maxRowsPerWrite: number | null;
  readonly maxExecutionTimeSeconds: number;
  /** Statements that may run at the same time, over all replicas; `null`, as below: no bound. */
  readonly maxConcurrentQueries: number | null;
  /** In a day of UTC. */
  readonly dailyRuns: number | null;
  /** Rows read or changed. */
  readonly dailyRows: number | null;
  readonly dailySeconds: number | null;
}

/** A permission as it was read, with the version that a later check compares. */
export interface GrantedPermission extends Permission {
  /** `null` for administrators: their permission hangs on the role alone. */
  readonly version: string | null;
  /** What may be called; `null` for administrators, who may call everything. */
  readonly procedures: readonly ListedProcedure[] | null;
}

const ADMIN_MAX_SECONDS = 3600;

export const administratorPermission: GrantedPermission = {
  canQuery: true,
  canWrite: true,
  unmasked: true,
  allowedSchemas: null,
  allowedTables: null,
  writableTables: null,
  maxRowsPerQuery: null,
  maxRowsPerWrite: null,
  maxExecutionTimeSeconds: ADMIN_MAX_SECONDS,
  maxConcurrentQueries: null,
  dailyRuns: null,
  dailyRows: null,
  dailySeconds: null,
  version: null,
  procedures: null,
};
