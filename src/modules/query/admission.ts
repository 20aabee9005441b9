import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, isAppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import type { Caller } from '../../common/principal';
import type { BatchCheck } from '../../database/batch-statement';
import { SessionService } from '../auth/session.service';
import { ConnectionAccess } from '../connections/connection-access';
import { connectionUnchanged } from '../connections/connection-unchanged.check';
import { permissionUnchanged } from '../permissions/permission-unchanged.check';
import { SettingsService } from '../settings/settings.service';
import { cachingOf } from './caching';
import { shardWritesOpen } from '../shards/shard-writes.check';
import { wayOf } from './conditional-caller';
import { questionOf } from './explain/explained-statement';
import { limitsOf, limitsOfPlan } from './limits';
import { outcomeOf } from './outcome-of';
import type { QueryRequestBody } from './query-request';
import type { Run } from './run';
import { RunRecorder } from './run-recorder';
import { StatementGate } from './statement-gate';
import { WriteMarks } from './write-marks';
import { dayOf, explainUsage, usageChecks } from './usage';

/** What a check may refuse that a fresh decision would not change. */
const finalRefusals: ReadonlySet<ErrorCode> = new Set([
  'auth.session_ended',
  'query.too_many_running',
  'query.budget_exhausted',
  'shard.moving',
]);

/** Lets statements in, or keeps them out: authorise the door → analyse → decide → record. */
@Injectable()
export class Admission {
  constructor(
    private readonly access: ConnectionAccess,
    private readonly settings: SettingsService,
    private readonly sessions: SessionService,
    private readonly recorder: RunRecorder,
    private readonly gate: StatementGate,
    private readonly marks: WriteMarks,
  ) {}

  /**
   * A run whose intent is committed. What was decided on something that had changed by then is decided once more, on
   * what holds now.
   * @throws AppError with `queryId` when it is refused; the refusal is recorded
   */
  async admit(caller: Caller, request: QueryRequestBody): Promise<Run> {
    // A refusal may rest on a cached permission that was just granted: only what holds now may refuse.
    const run = await this.decide(caller, request, false).catch(() => this.decideAfresh(caller, request));
    const stale = await this.begin(run);
    if (!stale) return run;
    const again = await this.decideAfresh(caller, request);
    const changed = await this.begin(again);
    if (changed) throw changed;
    return again;
  }

  /** Commits the intent; gives the error of the check that failed when the decision was made on something stale. */
  private async begin(run: Run): Promise<AppError | null> {
    try {
      const sight = this.marks.sightOf(run);
      await this.recorder.begin(run, this.checksOf(run), this.marks.atBegin(run));
      if (sight) run.sight = await sight;
      return null;
    } catch (error) {
      this.marks.settle(run);
      if (!isAppError(error) || error.code === 'audit.unavailable') throw error;
      const refused = explain(error.with({ queryId: run.id }));
      void this.recorder.finish(run, outcomeOf(run, performance.now(), refused), { ran: false });
      if (finalRefusals.has(refused.code)) throw refused;
      return refused;
    }
  }

  /** Past all caches; a refusal is recorded. */
  private async decideAfresh(caller: Caller, request: QueryRequestBody): Promise<Run> {
    const id = randomUUID();
    try {
      return await this.decide(caller, request, true, id);
    } catch (error) {
      if (!isAppError(error)) throw error;
      const connection = await this.access.peek(caller.principal, request.connectionId);
      // Whose session has ended is not told why else the statement would have been refused.
      const checks = [this.sessions.aliveCheck(caller.principal)];
      const { text, explained } = request;
      const recorded = explained === true ? questionOf(connection?.dialect ?? null, text) : text;
      await this.recorder.refuse({ id, caller, connection, text: recorded, error }, checks);
      throw error.with({ queryId: id });
    }
  }

  private async decide(
    caller: Caller,
    request: QueryRequestBody,
    fresh: boolean,
    id: string = randomUUID(),
  ): Promise<Run> {
    const decidedAt = performance.now();
    const accessible = await this.access.require(caller.principal, request.connectionId, fresh);
    const judgement = await this.gate.judge(caller.principal, accessible, request);
    const serviceMaxRows = request.streamed ? Infinity : await this.settings.get('max_query_rows');
    const limits = limitsOf(request, accessible.permission, serviceMaxRows);
    const { params: values } = request;
    const day = dayOf(Date.now());
    const caching = cachingOf(
      request,
      accessible.connection,
      judgement,
      await this.settings.get('cache_ttl_seconds'),
    );
    const { connection, permission } = accessible;
    const { facts, policies, plan, call, explained } = judgement;
    const text = explained?.text ?? request.text;
    // Spelt out, so that all runs have one shape: each look-up of a member of an object of many shapes costs the engine a search.
    return {
      id,
      caller,
      connection,
      permission,
      text,
      values,
      facts,
      limits: explained ? limitsOfPlan(limits) : limits,
      caching,
      generation: null,
      day,
      decidedAt,
      policies,
      plan,
      rowsRead: 0,
      sight: undefined,
      servedBy: undefined,
      late: undefined,
      call,
      explained,
    };
  }

  /** What must still hold at the moment the intent is committed, whatever caches said. */
  private checksOf(run: Run): BatchCheck[] {
    const { caller, connection, permission } = run;
    const checks = [this.sessions.aliveCheck(caller.principal), connectionUnchanged(connection)];
    if (permission.version !== null) {
      checks.push(permissionUnchanged(caller.principal.userId, connection.id, permission.version));
    }
    checks.push(...usageChecks(run));
    if (run.facts.access === 'write') checks.push(...shardWritesOpen(connection.id, wayOf(caller)));
    return checks;
  }
}

/** With what the caller needs to know of a refusal. */
function explain(error: AppError): AppError {
  if (error.code !== 'shard.moving') return explainUsage(error, Date.now());
  const { code, extra } = error;
  return new AppError(code, 'Writes wait for the last step of a move', { extra, retryAfterSeconds: 2 });
}
