import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { isRepeatable } from '../../sql/is-repeatable';
import { SessionService } from '../auth/session.service';
import { ConnectionDirectory } from '../connections/connection-directory';
import { Admission } from './admission';
import type { Cursor } from '../../drivers/driver';
import { collectJson, isEncoding } from './collect-json';
import { collectRows } from './collect-rows';
import type { CacheMode, QueryRequestBody } from './query-request';
import { rowCountOf, type EncodedOutcome, type QueryOutcome, type ResultHead } from './query-result';
import { ResultCache } from './result-cache';
import type { Run, RunEnd } from './run';
import { RunRecorder } from './run-recorder';
import { StatementRunner } from './statement-runner';

export interface QueryAnswer<Outcome = QueryOutcome> {
  readonly run: Run;
  readonly head: ResultHead;
  readonly outcome: Outcome;
}

type AnyOutcome = QueryOutcome | EncodedOutcome;

interface Fetched<Outcome> {
  readonly outcome: Outcome;
  readonly cached: boolean;
}

type Collect<Outcome> = (run: Run, cursor: Cursor) => Promise<Outcome>;

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
    return this.fetchFor(caller, request, client, collect);
  }

  /** `run` for who only passes the rows on, in the row mode of the request. */
  async answer(
    caller: Caller,
    request: QueryRequestBody,
    client: AbortController,
  ): Promise<QueryAnswer<AnyOutcome>> {
    return this.fetchFor<AnyOutcome>(caller, request, client, ({ limits, facts }, cursor) =>
      isEncoding(cursor)
        ? collectJson(cursor, limits.maxRows, facts.access, request.rowMode)
        : collectRows(cursor, limits.maxRows, facts.access),
    );
  }

  private async fetchFor<Outcome extends AnyOutcome>(
    caller: Caller,
    request: QueryRequestBody,
    client: AbortController,
    take: Collect<Outcome>,
  ): Promise<QueryAnswer<Outcome | QueryOutcome>> {
    const run = await this.admission.admit(caller, request);
    const { end, outcome } = await this.runner.carryOut(run, client, async (signal) =>
      endOf(await this.fetch(run, request.cache, signal, take)),
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

  private async fetch<Outcome>(
    run: Run,
    mode: CacheMode,
    signal: AbortSignal,
    take: Collect<Outcome>,
  ): Promise<Fetched<Outcome | QueryOutcome>> {
    const { connection, facts, text } = run;
    const cacheable =
      mode !== 'bypass' && connection.dialect !== null && isRepeatable(connection.dialect, facts, text);
    if (facts.access === 'write') return { outcome: await this.write(run, signal, take), cached: false };
    if (!cacheable) return { outcome: await this.ask(run, signal, take), cached: false };
    const slot = await this.cache.slotOf(run);
    const known = mode === 'use' ? await slot.find() : null;
    if (known) return { outcome: known, cached: true };
    const { plan } = run;
    const outcome = await this.ask(run, signal, collect);
    // The slot is that of the plan: what another plan gave, because the catalog had changed, is not kept there.
    if (run.plan === plan) await slot.keep(outcome);
    return { outcome, cached: false };
  }

  /** Also a write that fails may have changed something: what was read before it is forgotten in any case. */
  private async write<Outcome>(run: Run, signal: AbortSignal, take: Collect<Outcome>): Promise<Outcome> {
    try {
      return await this.ask(run, signal, take);
    } finally {
      await this.cache.forget(run.connection.id);
      if (run.facts.kind === 'ddl') await this.directory.forgetSchema(run.connection);
    }
  }

  private ask<Outcome>(run: Run, signal: AbortSignal, take: Collect<Outcome>): Promise<Outcome> {
    return this.runner.withCursor(run, signal, (cursor) => take(run, cursor));
  }
}

const collect: Collect<QueryOutcome> = ({ limits, facts }, cursor) =>
  collectRows(cursor, limits.maxRows, facts.access);

function endOf<Outcome extends AnyOutcome>(fetched: Fetched<Outcome>): Fetched<Outcome> & RunEnd {
  return { ...fetched, rowCount: rowCountOf(fetched.outcome), truncated: fetched.outcome.truncated };
}

function headOf(
  { id, connection, facts, plan }: Run,
  { outcome, cached }: Fetched<AnyOutcome>,
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
      ...(outcome.affectedRows !== null && { affectedRows: outcome.affectedRows }),
    },
  };
}
