import { Injectable, Logger } from '@nestjs/common';
import type { AppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import type { Caller } from '../../common/principal';
import { fullName } from '../../common/relation-description';
import { batchWrite, type BatchCheck, type BatchWrite } from '../../database/batch-statement';
import { GroupCommit } from '../../database/group-commit';
import { Instance } from '../../database/instance';
import type { StatementFacts } from '../../sql/facts';
import { byCaller, type AuditEvent } from '../audit/audit-event';
import { auditInsert } from '../audit/audit-insert';
import type { ConnectionRecord } from '../connections/connection-record';
import { conditionsOf } from './conditional-caller';
import { historyFinish, historyInsert, type HistoryRow } from './history-statements';
import { keptStatement, type KeptStatement } from './kept-statement';
import { OutcomeBundle } from './outcome-bundle';
import type { PermittedCall } from './procedures/call-wish';
import type { Run, RunOutcome } from './run';
import { RunMetrics } from './run.metrics';
import { usageAtBegin, usageAtEnd } from './usage';
import { placeOf } from './write-place';
import { askGeneration, generationOf, hasEnded, writeAtBegin, writeAtEnd } from './write-statements';

/** A statement that was not let through. */
export interface Refused {
  readonly id: string;
  readonly caller: Caller;
  readonly connection: ConnectionRecord | null;
  readonly text: string;
  readonly error: AppError;
}

/** Refusals of texts that no grammar has read: what stands where in them is not known. */
const unread: ReadonlySet<ErrorCode> = new Set([
  'query.syntax',
  'query.empty',
  'query.invalid_text',
  'query.too_long',
  'query.too_complex',
  'service.unavailable',
]);

/** Writes runs into history and audit: the intent before the statement is sent, the outcome after it ended. */
@Injectable()
export class RunRecorder {
  private readonly logger = new Logger(RunRecorder.name);
  /** Writes of this process that are over, until the commit that says so. */
  private readonly endedWrites = new Set<string>();

  constructor(
    private readonly groupCommit: GroupCommit,
    private readonly instance: Instance,
    private readonly metrics: RunMetrics,
    private readonly outcomes: OutcomeBundle,
  ) {}

  /**
   * Durable when it resolves; nothing may be sent to a database before. The run learns its generation.
   * @param further writes of the same commit
   * @throws AppError `audit.unavailable`, or the error of a check that no longer holds
   */
  async begin(run: Run, checks: readonly BatchCheck[], further: readonly BatchWrite[]): Promise<void> {
    const { id, caller, connection, facts } = run;
    const statement = keptStatement(connection, run.text, true);
    const row = this.historyRow(id, caller, connection, statement.history, facts, null);
    const { actor, origin } = byCaller(caller);
    const event: AuditEvent = {
      // One id for the run and the record of its intent: whoever has the one can ask for the proof of the other.
      id,
      action: 'query.run',
      resourceType: 'connection',
      resourceId: connection.id,
      result: 'success',
      details: intentOf(run, statement),
      actor,
      origin,
    };
    const writes = [
      batchWrite(historyInsert, row),
      batchWrite(auditInsert, event),
      ...usageAtBegin(run),
      ...writeAtBegin(run, this.instance.id),
      ...further,
    ];
    const questions = run.caching ? [askGeneration(placeOf(connection))] : [];
    const [generation] = await this.groupCommit.write(
      writes,
      [...checks, ...conditionsOf(caller)],
      questions,
    );
    run.generation = generationOf(generation ?? null, (runId) => this.endedWrites.has(runId));
  }

  /**
   * Written with the next commit; the answer does not wait for it. A reader on this replica does: `settled`.
   * @param ran `false` for a run that was refused when its intent was committed
   * @returns settles when it is durable; whoever does not care may let it go
   */
  finish(run: Run, outcome: RunOutcome, { ran }: { ran: boolean } = { ran: true }): Promise<void> {
    this.metrics.finished(run, outcome);
    const writes = [batchWrite(historyFinish, outcome), ...usageAtEnd(run, outcome, ran)];
    const isWriteOver = run.facts.access === 'write' && hasEnded(outcome, ran);
    if (isWriteOver) {
      this.endedWrites.add(run.id);
      writes.push(writeAtEnd(run.id));
    }
    if (outcome.status === 'success') {
      this.outcomes.add(outcome);
    } else {
      const event: AuditEvent = {
        ...byCaller(run.caller),
        action: 'query.fail',
        resourceType: 'connection',
        resourceId: run.connection.id,
        result: 'failure',
        details: { queryId: run.id, status: outcome.status, code: outcome.errorCode },
      };
      writes.push(batchWrite(auditInsert, event));
    }
    const written = this.groupCommit.writeLater(writes);
    written
      .catch((error: unknown) => {
        this.logger.error({ err: error, queryId: run.id }, 'the outcome of a run could not be recorded');
      })
      .finally(() => this.endedWrites.delete(run.id));
    return written;
  }

  /** A run that was refused before anything was sent. */
  async refuse(
    { id, caller, connection, text, error }: Refused,
    checks: readonly BatchCheck[],
  ): Promise<void> {
    this.metrics.refused(connection);
    const statement = keptStatement(connection, text, !unread.has(error.code));
    const row = this.historyRow(id, caller, connection, statement.history, null, error);
    const event: AuditEvent = {
      ...byCaller(caller),
      id,
      action: 'query.refuse',
      resourceType: 'connection',
      ...(connection && { resourceId: connection.id }),
      result: 'failure',
      details: { queryId: id, code: error.code, ...statement.audit },
    };
    await this.groupCommit.write([batchWrite(historyInsert, row), batchWrite(auditInsert, event)], checks);
  }

  /** Resolves when everything this replica has to record is recorded. */
  settled(): Promise<void> {
    return this.groupCommit.settled();
  }

  private historyRow(
    id: string,
    { principal, origin }: Caller,
    connection: ConnectionRecord | null,
    statement: string | null,
    facts: Pick<StatementFacts, 'kind' | 'access'> | null,
    error: AppError | null,
  ): HistoryRow {
    return {
      id,
      userId: principal.userId,
      connectionId: connection?.id ?? null,
      connectionRevision: connection?.revision ?? null,
      statement,
      statementKind: facts?.kind ?? null,
      access: facts?.access ?? null,
      status: error ? 'error' : 'pending',
      errorCode: error?.code ?? null,
      // The message of a refusal may quote where in the statement the grammar stopped.
      errorMessage: connection?.recordLiterals === 'none' ? null : (error?.message ?? null),
      requestId: origin.requestId,
      instanceId: this.instance.id,
    };
  }
}

/** Spelt out, as everything that each run makes: members that are `undefined` are not part of the record. */
function intentOf(
  { id, connection, facts, call }: Run,
  { audit }: KeptStatement,
): Readonly<Record<string, unknown>> {
  const declaration = call && declarationOf(call);
  return {
    queryId: id,
    revision: connection.revision,
    policyEpoch: connection.policyEpoch,
    kind: facts.kind,
    access: facts.access,
    relations: [...new Set(facts.relations.map(fullName))],
    statement: audit.statement,
    statementCut: audit.statementCut,
    statementAsWritten: audit.statementAsWritten,
    statementSha256: audit.statementSha256,
    procedure: declaration?.procedure,
    reads: declaration?.reads,
    writes: declaration?.writes,
  };
}

/** The procedure as it was found, and what its permission says of it; `null`: nothing, an administrator asks. */
function declarationOf({
  procedure,
  declared,
}: PermittedCall): Record<'procedure' | 'reads' | 'writes', unknown> {
  return {
    procedure: fullName(procedure),
    reads: declared?.reads ?? null,
    writes: declared?.writes ?? null,
  };
}
