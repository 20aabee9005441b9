import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Caller, Principal } from '../../common/principal';
import { SignalBus } from '../../database/signal-bus';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { RunningQueries } from './running-queries';

export interface RunningView {
  readonly queryId: string;
  readonly userId: string;
  readonly connectionId: string;
  readonly statement: string;
  readonly startedAt: Date;
}

const POLL_MS = 50;
const CONFIRM_MS = 10_000;

/** Stops running statements, wherever in the cluster they run. */
@Injectable()
export class QueryCancellation {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly running: RunningQueries,
    private readonly signals: SignalBus,
    private readonly audit: AuditService,
  ) {}

  list(principal: Principal): RunningView[] {
    return this.running
      .list(principal.role === 'admin' ? null : principal.userId)
      .map(({ run, startedAt }) => ({
        queryId: run.id,
        userId: run.caller.principal.userId,
        connectionId: run.connection.id,
        statement: run.text,
        startedAt,
      }));
  }

  /**
   * Resolves when the database has confirmed the end.
   * @throws AppError `query.not_running` when it is over, was never there, or is somebody else's
   */
  async cancel(caller: Caller, queryId: string): Promise<void> {
    const local = this.running.find(queryId);
    const ownerId = local ? local.run.caller.principal.userId : await this.ownerOfPending(queryId);
    if (!ownerId || (caller.principal.role !== 'admin' && ownerId !== caller.principal.userId)) {
      throw new AppError('query.not_running');
    }
    await this.audit.record({
      ...byCaller(caller),
      action: 'query.cancel',
      resourceType: 'query',
      resourceId: queryId,
      result: 'success',
    });
    if (local) {
      local.stop('cancelled');
      await local.ended;
    } else {
      await this.cancelElsewhere(queryId);
    }
  }

  private async cancelElsewhere(queryId: string): Promise<void> {
    await this.signals.publish(this.dataSource.manager, 'query.cancel', queryId);
    const deadline = Date.now() + CONFIRM_MS;
    while (await this.ownerOfPending(queryId)) {
      if (Date.now() > deadline)
        throw new AppError('service.unavailable', 'The end of the statement is not confirmed yet');
      await sleep(POLL_MS);
    }
  }

  private async ownerOfPending(queryId: string): Promise<string | null> {
    const [row] = (await this.dataSource.query(
      `SELECT user_id FROM query_history WHERE id = $1 AND status = 'pending'`,
      [queryId],
    )) as { user_id: string | null }[];
    return row?.user_id ?? null;
  }
}
