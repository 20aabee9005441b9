import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Caller, Principal } from '../../common/principal';
import { Instance } from '../../database/instance';
import { SignalBus } from '../../database/signal-bus';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { RunningQueries } from './running-queries';

export interface RunningView {
  readonly queryId: string;
  readonly userId: string | null;
  readonly connectionId: string | null;
  readonly statement: string;
  readonly startedAt: Date;
}

const POLL_MS = 50;
/** A signal is lost where nobody listens for a moment; so it is sent again. */
const REPEAT_MS = 1000;
const CONFIRM_MS = 10_000;
const MAX_LISTED = 1000;

/**
 * Lists and stops running statements, wherever in the cluster they run. What every replica knows of the others' is what
 * history has as pending, which was committed before anything was sent.
 */
@Injectable()
export class QueryCancellation {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly running: RunningQueries,
    private readonly signals: SignalBus,
    private readonly audit: AuditService,
    private readonly instance: Instance,
  ) {}

  /** One's own, or everybody's for administrators, the oldest first; at most 1000 of other replicas. */
  async list({ role, userId }: Principal): Promise<RunningView[]> {
    const owner = role === 'admin' ? null : userId;
    // Whether a run of this replica has ended is known here before it is written.
    const elsewhere: RunningView[] = await this.dataSource.query(
      `SELECT id AS "queryId", user_id AS "userId", connection_id AS "connectionId",
         coalesce(generated_sql, '') AS statement, created_at AS "startedAt"
       FROM query_history
       WHERE status = 'pending' AND instance_id <> $1 AND ($2::uuid IS NULL OR user_id = $2)
       ORDER BY created_at LIMIT ${MAX_LISTED}`,
      [this.instance.id, owner],
    );
    const here = this.running.list(owner).map(({ run, startedAt }) => ({
      queryId: run.id,
      userId: run.caller.principal.userId,
      connectionId: run.connection.id,
      statement: run.text,
      startedAt,
    }));
    return [...elsewhere, ...here].toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  }

  /**
   * Resolves when the database has confirmed the end.
   * @throws AppError `query.not_running` when it is over, was never there, or is somebody else's;
   * `service.unavailable` when its end is not confirmed within ten seconds
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
    const started = performance.now();
    let sent = -Infinity;
    do {
      const elapsed = performance.now() - started;
      if (elapsed > CONFIRM_MS)
        throw new AppError('service.unavailable', 'The end of the statement is not confirmed yet', {
          retryAfterSeconds: 1,
        });
      if (elapsed - sent > REPEAT_MS) {
        await this.signals.publish(this.dataSource.manager, 'query.cancel', queryId);
        sent = elapsed;
      }
      await sleep(POLL_MS);
    } while (await this.ownerOfPending(queryId));
  }

  private async ownerOfPending(queryId: string): Promise<string | null> {
    const [row] = (await this.dataSource.query(
      `SELECT user_id FROM query_history WHERE id = $1 AND status = 'pending'`,
      [queryId],
    )) as { user_id: string | null }[];
    return row?.user_id ?? null;
  }
}
