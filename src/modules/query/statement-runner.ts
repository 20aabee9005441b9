import { isDeepStrictEqual } from 'node:util';
import { Injectable, Logger } from '@nestjs/common';
import { isAppError } from '../../common/app-error';
import type { Cursor, QueryRequest, Source } from '../../drivers/driver';
import type { CallRequest, CallResults } from '../../drivers/procedure';
import { originalPosition } from '../../sql/policy/original-position';
import { Sources } from '../connections/sources.provider';
import type { Plan } from '../policies/plan';
import { StatementPlanner } from '../policies/statement-planner';
import { SettingsService } from '../settings/settings.service';
import { ConnectionQueues } from './connection-queues';
import { countingCursor } from './counting-cursor';
import { inStatement } from './explain/explained-statement';
import { outcomeOf } from './outcome-of';
import type { PermittedCall } from './procedures/call-wish';
import { ProcedureGate } from './procedures/procedure-gate';
import type { Run, RunEnd, RunOutcome } from './run';
import { RunRecorder } from './run-recorder';
import { RunningQueries } from './running-queries';
import { isCounted } from './usage';
import { WriteMarks } from './write-marks';

/** Plans tried for one run while its tables keep changing. */
const MAX_ATTEMPTS = 3;

/** What came of a run whose outcome has been handed over to the record. */
export interface CarriedOut<End extends RunEnd> {
  readonly end: End;
  readonly outcome: RunOutcome;
  /** Settles when the outcome is durable; rejects with `audit.unavailable` when it cannot be made so. */
  readonly recorded: Promise<void>;
}

/** Takes admitted runs to their end. Whoever collects and whoever streams does it through here. */
@Injectable()
export class StatementRunner {
  private readonly slowLogger = new Logger('SlowQuery');

  constructor(
    private readonly sources: Sources,
    private readonly settings: SettingsService,
    private readonly recorder: RunRecorder,
    private readonly running: RunningQueries,
    private readonly planner: StatementPlanner,
    private readonly queues: ConnectionQueues,
    private readonly marks: WriteMarks,
    private readonly procedures: ProcedureGate,
  ) {}

  /**
   * Execute → finish: `work` runs where it can be stopped, under the run's deadline, and what came of it is recorded.
   * @param client aborts by itself when nobody waits any more
   * @throws AppError with `queryId` for everything that is not a bug
   */
  async carryOut<End extends RunEnd>(
    run: Run,
    client: AbortController,
    work: (signal: AbortSignal) => Promise<End>,
  ): Promise<CarriedOut<End>> {
    const startedAt = performance.now();
    try {
      const end = await this.running.track(run, client, work);
      const outcome = outcomeOf(run, startedAt, null, end);
      const recorded = this.recorder.finish(run, outcome);
      this.marks.settle(run);
      void this.logSlow(run, outcome.executionTimeMs);
      return { end, outcome, recorded };
    } catch (error) {
      void this.recorder.finish(run, outcomeOf(run, startedAt, error));
      this.marks.settle(run, error);
      throw isAppError(error) ? error.with({ queryId: run.id }) : error;
    }
  }

  /** Sends the statement of a run to its database; the cursor is closed when `consume` has ended. */
  async withCursor<T>(
    run: Run,
    signal: AbortSignal,
    consume: (cursor: Cursor) => Promise<T>,
    how: Pick<QueryRequest, 'streamed'> = {},
  ): Promise<T> {
    const count = (cursor: Cursor): Cursor =>
      isCounted(run) ? countingCursor(cursor, (rows) => (run.rowsRead += rows)) : cursor;
    return this.withOpened(
      run,
      signal,
      async (source) => {
        const cursor = await this.open(run, source, signal, how);
        noteServer(run, cursor);
        return cursor;
      },
      (cursor) => consume(count(cursor)),
    );
  }

  /** Calls the procedure of a run; what is left of its results is stopped when `consume` has ended. */
  async withCall<T>(
    run: Run & { readonly call: PermittedCall },
    signal: AbortSignal,
    consume: (results: CallResults) => Promise<T>,
  ): Promise<T> {
    return this.withOpened(run, signal, (source) => this.openCall(run, source, signal), consume);
  }

  /** Waits for its turn, opens, and lets go again whatever comes of it. */
  private async withOpened<Opened extends AsyncDisposable, T>(
    run: Run,
    signal: AbortSignal,
    open: (source: Source) => Promise<Opened>,
    consume: (opened: Opened) => Promise<T>,
  ): Promise<T> {
    const leave = await this.queues.enter(run, run.caller.principal.userId, signal);
    let isWhole = false;
    try {
      const result = await this.sources.use(run.connection, signal, async (source) => {
        await using opened = await open(source);
        return await consume(opened);
      });
      isWhole = true;
      return result;
    } catch (error) {
      throw inStatement(run.explained, inWords(run.plan, error));
    } finally {
      leave(isWhole);
    }
  }

  /** As `open`: what a call did by then was undone. */
  private async openCall(
    run: Run & { readonly call: PermittedCall },
    source: Source,
    signal: AbortSignal,
  ): Promise<CallResults> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await source.call(callOf(run), signal);
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !isAppError(error, 'query.schema_changed')) throw error;
        run.plan = await this.procedures.replan(run, run.call);
      }
    }
  }

  /** A plan that rests on a catalog of before is made again; nothing of the statement had an effect by then. */
  private async open(
    run: Run,
    source: Source,
    signal: AbortSignal,
    how: Pick<QueryRequest, 'streamed'>,
  ): Promise<Cursor> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await source.query(requestOf(run, how), signal);
      } catch (error) {
        const changed = isAppError(error, 'query.schema_changed');
        const unknown = run.plan.edits.length > 0 && isAppError(error, 'query.unknown_object');
        if (attempt === MAX_ATTEMPTS || !(changed || unknown)) throw error;
        const before = run.plan;
        this.planner.forget(run, before);
        run.plan = await this.planner.plan(run);
        if (unknown && isDeepStrictEqual(run.plan.expects, before.expects)) throw error;
      }
    }
  }

  private async logSlow({ id, connection }: Run, executionTimeMs: number): Promise<void> {
    try {
      if (executionTimeMs <= (await this.settings.get('slow_query_ms'))) return;
      this.slowLogger.warn({ queryId: id, connectionId: connection.id, executionTimeMs }, 'slow query');
    } catch (error) {
      // An answer is not lost over a line of the log.
      this.slowLogger.warn({ err: error, queryId: id }, 'whether a query was slow could not be told');
    }
  }
}

/** Which server has answered, where there are several. */
function noteServer(run: Run, { servedBy, bounded }: Cursor): void {
  if (!servedBy) return;
  run.servedBy = servedBy;
  run.late = servedBy === 'replica' && !(bounded && run.sight?.quiet);
}

/** Positions are told in the text as it was written. */
function inWords({ edits }: Plan, error: unknown): unknown {
  if (edits.length === 0 || !isAppError(error) || typeof error.extra.position !== 'number') return error;
  return error.with({ position: originalPosition(edits, error.extra.position) });
}

function callOf({ plan, call, facts, limits }: Run & { readonly call: PermittedCall }): CallRequest {
  const { maxRows, maxChangedRows, timeoutMs } = limits;
  return {
    procedure: call.procedure,
    arguments: call.wish.arguments,
    access: facts.access,
    ...(Number.isFinite(maxRows) && { maxRows }),
    ...(facts.access === 'write' && Number.isFinite(maxChangedRows) && { maxChangedRows }),
    timeoutMs,
    ...(plan.expects.length > 0 && { expects: plan.expects }),
  };
}

function requestOf(
  { plan, values, facts, explained, sight, limits: { maxRows, maxChangedRows, timeoutMs } }: Run,
  { streamed }: Pick<QueryRequest, 'streamed'>,
): QueryRequest {
  const { access } = facts;
  return {
    text: plan.text,
    values,
    access,
    maxRows: Number.isFinite(maxRows) ? maxRows : undefined,
    maxChangedRows: access === 'write' && Number.isFinite(maxChangedRows) ? maxChangedRows : undefined,
    streamed,
    timeoutMs,
    stateless: plan.stateless,
    explain: explained ? true : undefined,
    expects: plan.expects.length > 0 ? plan.expects : undefined,
    reads: plan.reads ?? undefined,
    hashKey: plan.hashKey ?? undefined,
    replica: sight?.after ? { after: sight.after } : undefined,
  };
}
