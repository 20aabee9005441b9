import type { Caller } from '../../common/principal';
import type { ServerRole } from '../../drivers/driver';
import type { StatementFacts } from '../../sql/facts';
import type { AccessibleConnection } from '../connections/connection-access';
import type { EffectivePolicies } from '../policies/effective-policies';
import type { Plan } from '../policies/plan';
import type { Caching } from './caching';
import type { ExplainedStatement } from './explain/explained-statement';
import type { Limits } from './limits';
import type { PermittedCall } from './procedures/call-wish';

export const runStatuses = ['pending', 'success', 'error', 'timeout', 'cancelled'] as const;
export type RunStatus = (typeof runStatuses)[number];

/** What a read may see of a connection with replicas. */
export interface Sight {
  /** Positions that a replica must have to answer; `null`: only the primary may. */
  readonly after: readonly string[] | null;
  /** Nobody has written through the gate for so long that a replica could lack it. */
  readonly quiet: boolean;
}

/** One execution, from the decision to let it run until its outcome is recorded. */
export interface Run extends AccessibleConnection {
  readonly id: string;
  readonly caller: Caller;
  /** The statement as it was written; `plan` says what is sent. */
  readonly text: string;
  readonly values: readonly unknown[];
  readonly facts: StatementFacts;
  readonly limits: Limits;
  /** How the cache of results may answer it; `null`: not at all. */
  readonly caching: Caching | null;
  /**
   * What was written before to the place it reads, as of the commit of its intent; `null` while a write is under way there, and
   * for what the cache does not answer.
   */
  generation: string | null;
  /** The day of UTC it began on. */
  readonly day: string;
  /** When its decision began, on the clock of `performance.now()`: what changed before is in it, or fails its commit. */
  readonly decidedAt: number;
  readonly policies: EffectivePolicies;
  /** Replaced when a relation turned out to have changed before the statement ran. */
  plan: Plan;
  /** Rows taken from the database so far; kept where what it uses is counted. */
  rowsRead: number;
  /** Of a read, where the connection has replicas. */
  sight?: Sight;
  /** The server that answered, where the connection has replicas. */
  servedBy?: ServerRole;
  /** What it said may lack what others wrote through the gate before. */
  late?: boolean;
  /** Of a call; `text` is how the record has it. */
  readonly call?: PermittedCall;
  /** Where a plan is asked for; `text` is the question for it. */
  readonly explained?: ExplainedStatement;
}

/** What a run that succeeded gave, for the record. */
export interface RunEnd {
  /** Rows of the answer; of a write, the rows it changed. */
  readonly rowCount: number;
  /**
   * Of the rows as they were encoded for the answer, before compression; of a stream, of its body up to the end. `null`
   * where they were merged with those of other runs.
   */
  readonly bytes: number | null;
  readonly truncated: boolean;
  readonly cached: boolean;
}

/** How a run ended. */
export interface RunOutcome {
  readonly id: string;
  readonly status: Exclude<RunStatus, 'pending'>;
  readonly errorCode: string | null;
  /** Safe to show: never text out of a database that could carry values. */
  readonly errorMessage: string | null;
  readonly rowCount: number | null;
  /** As in `RunEnd`; `null` for a run that gave nothing. */
  readonly bytes: number | null;
  readonly truncated: boolean | null;
  readonly cached: boolean;
  readonly executionTimeMs: number;
}
