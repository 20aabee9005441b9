import { Injectable, Logger } from '@nestjs/common';
import { isAppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { isRepeatable } from '../../sql/is-repeatable';
import { isStateless } from '../../sql/is-stateless';
import { Sources } from '../connections/sources.provider';
import { SettingsService } from '../settings/settings.service';
import { Admission } from './admission';
import { collectRows } from './collect-rows';
import { outcomeOf } from './outcome-of';
import type { CacheMode, QueryRequestBody } from './query-request';
import type { QueryOutcome, ResultHead } from './query-result';
import { ResultCache } from './result-cache';
import type { Run } from './run';
import { RunRecorder } from './run-recorder';
import { RunningQueries } from './running-queries';

export interface QueryAnswer {
  readonly run: Run;
  readonly head: ResultHead;
  readonly outcome: QueryOutcome;
}

interface Fetched {
  readonly outcome: QueryOutcome;
  readonly cached: boolean;
}

/** Asks databases on behalf of callers: the one way a statement gets to a database. */
@Injectable()
export class QueryService {
  private readonly slowLogger = new Logger('SlowQuery');

  constructor(
    private readonly admission: Admission,
    private readonly sources: Sources,
    private readonly settings: SettingsService,
    private readonly recorder: RunRecorder,
    private readonly running: RunningQueries,
    private readonly cache: ResultCache,
  ) {}

  /**
   * authorise the door → analyse → decide → record → execute → finish
   * @param client aborts by itself when nobody waits for the answer any more
   * @throws AppError with `queryId` for everything that is not a bug
   */
  async run(caller: Caller, request: QueryRequestBody, client: AbortController): Promise<QueryAnswer> {
    const run = await this.admission.admit(caller, request);
    const startedAt = performance.now();
    try {
      const { outcome, cached } = await this.running.track(run, client, (signal) =>
        this.fetch(run, request.cache, signal),
      );
      const recorded = outcomeOf(run, startedAt, null, outcome, cached);
      this.recorder.finish(run, recorded);
      void this.logSlow(run, recorded.executionTimeMs);
      return { run, head: headOf(run, outcome, recorded.executionTimeMs, cached), outcome };
    } catch (error) {
      this.recorder.finish(run, outcomeOf(run, startedAt, error));
      throw isAppError(error) ? error.with({ queryId: run.id }) : error;
    }
  }

  private async fetch(run: Run, mode: CacheMode, signal: AbortSignal): Promise<Fetched> {
    const { connection, facts, text } = run;
    const cacheable =
      mode !== 'bypass' && connection.dialect !== null && isRepeatable(connection.dialect, facts, text);
    if (facts.access === 'write') return { outcome: await this.write(run, signal), cached: false };
    if (!cacheable) return { outcome: await this.ask(run, signal), cached: false };
    const slot = await this.cache.slotOf(run);
    const known = mode === 'use' ? await slot.find() : null;
    if (known) return { outcome: known, cached: true };
    const outcome = await this.ask(run, signal);
    await slot.keep(outcome);
    return { outcome, cached: false };
  }

  /** Also a write that fails may have changed something: what was read before it is forgotten in any case. */
  private async write(run: Run, signal: AbortSignal): Promise<QueryOutcome> {
    try {
      return await this.ask(run, signal);
    } finally {
      await this.cache.forget(run.connection.id);
    }
  }

  private async ask(
    { connection, text, values, facts, limits }: Run,
    signal: AbortSignal,
  ): Promise<QueryOutcome> {
    const lease = await this.sources.lease(connection, signal);
    try {
      const { maxRows, timeoutMs } = limits;
      const stateless = isStateless(facts);
      await using cursor = await lease.source.query(
        { text, values, access: facts.access, maxRows, timeoutMs, stateless },
        signal,
      );
      const outcome = await collectRows(cursor, maxRows, facts.access);
      lease.report(undefined);
      return outcome;
    } catch (error) {
      lease.report(error);
      throw error;
    } finally {
      lease.release();
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

function headOf(
  { id, connection, facts }: Run,
  outcome: QueryOutcome,
  executionTimeMs: number,
  cached: boolean,
): ResultHead {
  return {
    queryId: id,
    executionTimeMs,
    cached,
    metadata: {
      connectionId: connection.id,
      engine: connection.type,
      statement: facts.kind,
      ...(outcome.affectedRows !== null && { affectedRows: outcome.affectedRows }),
    },
  };
}
