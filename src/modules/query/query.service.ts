import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { SessionService } from '../auth/session.service';
import { ConnectionDirectory } from '../connections/connection-directory';
import { Admission } from './admission';
import { CachedAnswers, type Fetched } from './cached-answers';
import type { QueryRequestBody } from './query-request';
import { collectResult } from './collect-result';
import { rowCountOf, type QueryOutcome, type ResultHead } from './query-result';
import { digested } from './stored-result';
import type { Run, RunEnd } from './run';
import { RunRecorder } from './run-recorder';
import { StatementRunner } from './statement-runner';

export interface QueryAnswer {
  readonly run: Run;
  readonly head: ResultHead;
  readonly outcome: QueryOutcome;
}

/** Asks databases on behalf of callers and collects the answers. */
@Injectable()
export class QueryService {
  constructor(
    private readonly admission: Admission,
    private readonly runner: StatementRunner,
    private readonly cached: CachedAnswers,
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

  private async fetch(run: Run, { cache, rowMode }: QueryRequestBody, signal: AbortSignal): Promise<Fetched> {
    const { limits, facts, caching } = run;
    const ask = async (): Promise<QueryOutcome> => {
      const outcome = await this.runner.withCursor(run, signal, (cursor) =>
        collectResult(cursor, limits.maxRows, facts.access, rowMode),
      );
      return caching ? digested(outcome) : outcome;
    };
    if (facts.access === 'read') return this.cached.fetch(run, rowMode, cache === 'refresh', signal, ask);
    try {
      return { outcome: await ask(), cached: false };
    } finally {
      if (facts.kind === 'ddl') await this.directory.forgetSchema(run.connection);
    }
  }
}

function endOf(fetched: Fetched): Fetched & RunEnd {
  const { outcome, cached } = fetched;
  const { truncated, data } = outcome;
  return { outcome, cached, rowCount: rowCountOf(outcome), bytes: data.length, truncated };
}

function headOf(
  { id, connection, facts, plan, servedBy }: Run,
  { outcome, cached }: Fetched,
  executionTimeMs: number,
): ResultHead {
  const metadata = {
    connectionId: connection.id,
    engine: connection.type,
    statement: facts.kind,
    source: servedBy,
    affectedRows: outcome.affectedRows ?? undefined,
  };
  return { queryId: id, executionTimeMs, cached, maskedColumns: plan.maskedColumns, metadata };
}
