import { Injectable } from '@nestjs/common';
import type { Caller } from '../../../common/principal';
import { ConnectionDirectory } from '../../connections/connection-directory';
import { Admission } from '../admission';
import type { ResultHead } from '../query-result';
import type { Run, RunEnd } from '../run';
import { StatementRunner } from '../statement-runner';
import type { PermittedCall } from './call-wish';
import type { RowMode } from '../../../drivers/row-layout';
import { encodeResults } from './encode-call';
import { collectCall, rowsOf, type CallOutcome } from './collect-call';
import type { ProcedureRequestBody } from './procedure-request';

type CallRun = Run & { readonly call: PermittedCall };

export interface CallAnswer {
  readonly run: Run;
  readonly head: ResultHead;
  readonly outcome: CallOutcome;
  /** Of the outcome, encoded as the request asks. */
  readonly results: string;
}

/** Calls procedures on behalf of callers, by the way that every statement goes. */
@Injectable()
export class ProcedureService {
  constructor(
    private readonly admission: Admission,
    private readonly runner: StatementRunner,
    private readonly directory: ConnectionDirectory,
  ) {}

  /**
   * @param client aborts by itself when nobody waits for the answer any more
   * @throws AppError with `queryId` for everything that is not a bug
   */
  async run(caller: Caller, request: ProcedureRequestBody, client: AbortController): Promise<CallAnswer> {
    const run = callOf(await this.admission.admit(caller, request));
    const { end, outcome } = await this.runner.carryOut(run, client, async (signal) =>
      endOf(await this.call(run, signal), request.rowMode),
    );
    const { results } = end;
    return { run, head: headOf(run, end.outcome, outcome.executionTimeMs), outcome: end.outcome, results };
  }

  private async call(run: CallRun, signal: AbortSignal): Promise<CallOutcome> {
    const collect = (): Promise<CallOutcome> =>
      this.runner.withCall(run, signal, (results) =>
        collectCall(results, run.limits.maxRows, (rows) => (run.rowsRead += rows)),
      );
    if (run.facts.access === 'read') return collect();
    try {
      return await collect();
    } finally {
      // Nobody has said that it defines nothing.
      if (run.call.declared === null) await this.directory.forgetSchema(run.connection);
    }
  }
}

function callOf(run: Run): CallRun {
  if (run.call === undefined) throw new Error('a call was admitted as a statement');
  return run as CallRun;
}

/** Rows read and rows changed: both count for the budget of the day. */
function endOf(outcome: CallOutcome, mode: RowMode): RunEnd & Pick<CallAnswer, 'outcome' | 'results'> {
  // Before the outcome is recorded: it says how many bytes were handed over.
  const results = encodeResults(outcome, mode);
  return {
    outcome,
    results,
    rowCount: rowsOf(outcome) + (outcome.affectedRows ?? 0),
    truncated: outcome.sets.some(({ truncated }) => truncated),
    bytes: Buffer.byteLength(results),
    cached: false,
  };
}

function headOf(
  { id, connection, facts }: CallRun,
  outcome: CallOutcome,
  executionTimeMs: number,
): ResultHead {
  const { procedure, affectedRows } = outcome;
  return {
    queryId: id,
    executionTimeMs,
    cached: false,
    maskedColumns: null,
    metadata: {
      connectionId: connection.id,
      engine: connection.type,
      statement: facts.kind,
      procedure: `${procedure.schema}.${procedure.name}`,
      kind: procedure.kind,
      ...(affectedRows !== null && { affectedRows }),
    },
  };
}
