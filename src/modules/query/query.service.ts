import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { isRepeatable } from '../../sql/is-repeatable';
import { SessionService } from '../auth/session.service';
import { ConnectionDirectory } from '../connections/connection-directory';
import { Admission } from './admission';
import { collectResult } from './collect-result';
import type { RowMode } from '../../drivers/row-layout';
import type { QueryRequestBody } from './query-request';
import { rowCountOf, type QueryOutcome, type ResultHead } from './query-result';
import { ResultCache } from './result-cache';
import type { Run, RunEnd } from './run';
import { RunRecorder } from './run-recorder';
import { StatementRunner } from './statement-runner';

export interface QueryAnswer {
  readonly run: Run;
  readonly head: ResultHead;
  readonly outcome: QueryOutcome;
}

interface Fetched {
  readonly outcome: QueryOutcome;
  readonly cached: boolean;
}

/** Asks databases on behalf of callers and collects the answers. */
@Injectable()
export class QueryService {
  constructor(
    private readonly admission: Admission,
    private readonly runner: StatementRunner,
    private readonly cache: ResultCache,
    private readonly directory: ConnectionDirectory,
    private readonly recorder: RunRecorder,
    private readonly sessions: SessionService,
  ) {}

  /**
   * authorise the door → analyse → decide → record → execute → finish
   * @param client aborts by itself when nobody waits for the answer any more
   * @throws AppError with `queryId` for everything that is not a bug
   */
  async run(caller: Caller, request: QueryRequestBody, client: AbortController): Promise<QueryAnswer> {
    const run = await this.admission.admit(caller, request);
    const { end, outcome } = await this.runner.carryOut(run, client, async (signal) =>
      endOf(await this.fetch(run, request, signal)),
    );
    return { run, head: headOf(run, end, outcome.executionTimeMs), outcome: end.outcome };
  }

  /**
   * Records what was refused before it was clear which connection it is for.
   * @returns the error, with `queryId`
   */
  async refuse(caller: Caller, { text }: QueryRequestBody, error: AppError): Promise<AppError> {
    const id = randomUUID();
    const checks = [this.sessions.aliveCheck(caller.principal)];
    await this.recorder.refuse({ id, caller, connection: null, text, error }, checks);
    return error.with({ queryId: id });
  }

  private async fetch(run: Run, request: QueryRequestBody, signal: AbortSignal): Promise<Fetched> {
    const { connection, facts, text } = run;
    const { cache: mode, rowMode } = request;
    const cacheable =
      mode !== 'bypass' && connection.dialect !== null && isRepeatable(connection.dialect, facts, text);
    if (facts.access === 'write') return { outcome: await this.write(run, rowMode, signal), cached: false };
    if (!cacheable) return { outcome: await this.ask(run, rowMode, signal), cached: false };
    const slot = await this.cache.slotOf(run, rowMode);
    // Who writes now may be ahead of what this process has heard of.
    const known = mode === 'use' && run.sight?.after !== null ? await slot.find() : null;
    if (known) return { outcome: known, cached: true };
    const { plan } = run;
    const outcome = await this.ask(run, rowMode, signal);
    // The slot is that of the plan: what another plan gave, because the catalog had changed, is not kept there.
    // Nor what a replica gave that may lack what was written a moment ago.
    if (run.plan === plan && !run.late) await slot.keep(outcome);
    return { outcome, cached: false };
  }

  /** Also a write that fails may have changed something: what was read before it is forgotten in any case. */
  private async write(run: Run, mode: RowMode, signal: AbortSignal): Promise<QueryOutcome> {
    try {
      return await this.ask(run, mode, signal);
    } finally {
      await this.cache.forget(run.connection.id);
      if (run.facts.kind === 'ddl') await this.directory.forgetSchema(run.connection);
    }
  }

  private ask(run: Run, mode: RowMode, signal: AbortSignal): Promise<QueryOutcome> {
    const { limits, facts } = run;
    return this.runner.withCursor(run, signal, (cursor) =>
      collectResult(cursor, limits.maxRows, facts.access, mode),
    );
  }
}

function endOf(fetched: Fetched): Fetched & RunEnd {
  const { outcome } = fetched;
  const { truncated, data } = outcome;
  return { ...fetched, rowCount: rowCountOf(outcome), bytes: data.length, truncated };
}

function headOf(
  { id, connection, facts, plan, servedBy }: Run,
  { outcome, cached }: Fetched,
  executionTimeMs: number,
): ResultHead {
  return {
    queryId: id,
    executionTimeMs,
    cached,
    maskedColumns: plan.maskedColumns,
    metadata: {
      connectionId: connection.id,
      engine: connection.type,
      statement: facts.kind,
      ...(servedBy && { source: servedBy }),
      ...(outcome.affectedRows !== null && { affectedRows: outcome.affectedRows }),
    },
  };
}
