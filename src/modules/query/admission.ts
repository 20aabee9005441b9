import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, isAppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import type { BatchCheck } from '../../database/batch-statement';
import { analyse } from '../../sql/analyse';
import type { Refusal, StatementFacts } from '../../sql/facts';
import { SessionService } from '../auth/session.service';
import { ConnectionAccess, type AccessibleConnection } from '../connections/connection-access';
import { searchPathOf, type ConnectionRecord } from '../connections/connection-record';
import { connectionUnchanged } from '../connections/connection-unchanged.check';
import { decideStatement } from '../permissions/decide-statement';
import { permissionUnchanged } from '../permissions/permission-unchanged.check';
import { SettingsService } from '../settings/settings.service';
import { limitsOf } from './limits';
import { outcomeOf } from './outcome-of';
import type { QueryRequestBody } from './query-request';
import type { Run } from './run';
import { RunRecorder } from './run-recorder';

/** Lets statements in, or keeps them out: authorise the door → analyse → decide → record. */
@Injectable()
export class Admission {
  constructor(
    private readonly access: ConnectionAccess,
    private readonly settings: SettingsService,
    private readonly sessions: SessionService,
    private readonly recorder: RunRecorder,
  ) {}

  /**
   * A run whose intent is committed. What was decided on something that had changed by then is decided once more, on
   * what holds now.
   * @throws AppError with `queryId` when it is refused; the refusal is recorded
   */
  async admit(caller: Caller, request: QueryRequestBody): Promise<Run> {
    const first = await this.attempt(caller, request, false);
    if (!(first instanceof AppError)) return first;
    const second = await this.attempt(caller, request, true);
    if (second instanceof AppError) throw second;
    return second;
  }

  /** @returns the error of the check that failed, when the decision was made on something stale */
  private async attempt(caller: Caller, request: QueryRequestBody, fresh: boolean): Promise<Run | AppError> {
    const run = await this.decide(caller, request, fresh);
    try {
      await this.recorder.begin(run, this.checksOf(run));
      return run;
    } catch (error) {
      if (!isAppError(error) || error.code === 'audit.unavailable') throw error;
      const refused = error.with({ queryId: run.id });
      this.recorder.finish(run, outcomeOf(run, performance.now(), refused));
      if (refused.code === 'auth.session_ended') throw refused;
      return refused;
    }
  }

  private async decide(caller: Caller, request: QueryRequestBody, fresh: boolean): Promise<Run> {
    const id = randomUUID();
    let connection: ConnectionRecord | null = null;
    try {
      const accessible = await this.access.require(caller.principal, request.connectionId, fresh);
      connection = accessible.connection;
      const facts = await permit(caller, accessible, request);
      const limits = limitsOf(request, accessible.permission, await this.settings.get('max_query_rows'));
      return { ...accessible, id, caller, text: request.text, values: request.params, facts, limits };
    } catch (error) {
      if (!isAppError(error)) throw error;
      await this.recorder.refuse({ id, caller, connection, text: request.text, error });
      throw error.with({ queryId: id });
    }
  }

  /** What must still hold at the moment the intent is committed, whatever caches said. */
  private checksOf({ caller, connection, permission }: Run): BatchCheck[] {
    const checks = [this.sessions.aliveCheck(caller.principal), connectionUnchanged(connection)];
    if (permission.version !== null) {
      checks.push(permissionUnchanged(caller.principal.userId, connection.id, permission.version));
    }
    return checks;
  }
}

async function permit(
  { principal }: Caller,
  { connection, permission }: AccessibleConnection,
  { text, params, onlyReads }: QueryRequestBody,
): Promise<StatementFacts> {
  if (!connection.dialect) throw new AppError('connection.unsupported_type');
  const analysis = await analyse(connection.dialect, text);
  if (!analysis.ok) throw refusalError(analysis.refusal);
  const denial = decideStatement(analysis.facts, permission, {
    dialect: connection.dialect,
    readOnly: connection.readOnly || onlyReads === true,
    searchPath: searchPathOf(connection),
    allowedFunctions: [],
    isAdministrator: principal.role === 'admin',
  });
  if (denial) throw refusalError(denial);
  const { parameterCount } = analysis.facts;
  if (parameterCount !== params.length) {
    throw new AppError(
      'query.invalid_parameter',
      `The statement takes ${parameterCount} parameters, ${params.length} were sent`,
    );
  }
  return analysis.facts;
}

function refusalError({ code, detail, construct, position }: Refusal): AppError {
  return new AppError(code, detail, {
    extra: { ...(construct !== undefined && { construct }), ...(position !== undefined && { position }) },
  });
}
