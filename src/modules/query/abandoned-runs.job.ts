import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { Instance } from '../../database/instance';
import { bySystem } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { RunningQueries } from './running-queries';

interface ClosedRun {
  readonly id: string;
  readonly user_id: string | null;
  readonly connection_id: string | null;
  readonly day: string;
}

/** A run of this process that nobody tracks any more: its intent was committed, and the answer to that was lost. */
const FORGOTTEN_SECONDS = 30;
const EVERY_MS = 30_000;
/** A living process whose lock was lost with its session has it again within this, in milliseconds. */
const CONFIRM_MS = 5_000;

/** Closes runs whose process died: nobody will ever say how they ended, and history must not show them as running. */
@Injectable()
export class AbandonedRunsJob implements OnApplicationBootstrap {
  private readonly logger = new Logger(AbandonedRunsJob.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly instance: Instance,
    private readonly running: RunningQueries,
    private readonly audit: AuditService,
  ) {}

  onApplicationBootstrap(): void {
    void this.run();
  }

  @Interval(EVERY_MS)
  async run(): Promise<void> {
    try {
      await this.close();
    } catch (error) {
      this.logger.warn({ err: error }, 'runs of dead processes could not be closed');
    }
  }

  /** @returns how many were closed */
  async close(): Promise<number> {
    const rows: { instance_id: string }[] = await this.dataSource.query(
      `SELECT DISTINCT instance_id FROM query_history WHERE status = 'pending' AND instance_id IS NOT NULL`,
    );
    const suspects = await this.instance.deadAmong(rows.map(({ instance_id: id }) => id));
    const forgotten = await this.closeWhere(
      `instance_id = $1 AND created_at < clock_timestamp() - make_interval(secs => ${FORGOTTEN_SECONDS})
       AND id <> ALL($2::uuid[])`,
      [this.instance.id, this.running.list(null).map(({ run }) => run.id)],
    );
    if (suspects.length === 0) return forgotten;
    await sleep(CONFIRM_MS, undefined, { ref: false });
    const dead = await this.instance.deadAmong(suspects);
    if (dead.length === 0) return forgotten;
    return forgotten + (await this.closeWhere('instance_id = ANY($1::uuid[])', [dead]));
  }

  /** Each is on record: that nobody knows how it ended is part of what happened. */
  private closeWhere(condition: string, values: unknown[]): Promise<number> {
    return this.dataSource.transaction(async (manager) => {
      const [rows]: [ClosedRun[], number] = await manager.query(
        `UPDATE query_history SET status = 'error', error_code = 'query.interrupted', finished_at = now(),
           error_message = 'The service ended while the statement ran; its outcome is unknown'
         WHERE status = 'pending' AND ${condition} RETURNING id, user_id, connection_id, (created_at AT TIME ZONE 'UTC')::date::text AS day`,
        values,
      );
      for (const { id, user_id: userId, connection_id: connectionId } of rows) {
        await this.audit.recordIn(manager, {
          ...bySystem,
          action: 'query.unknown',
          resourceType: 'connection',
          ...(connectionId !== null && { resourceId: connectionId }),
          result: 'partial',
          details: { queryId: id, userId },
        });
      }
      // What never ends counts as ended; a run whose permission had no bound then was never counted.
      await manager.query(
        `UPDATE connection_usage u SET running = greatest(0, u.running - ended.runs)
         FROM (SELECT user_id, connection_id, day, count(*)::int AS runs
           FROM unnest($1::uuid[], $2::uuid[], $3::date[]) AS c(user_id, connection_id, day) GROUP BY 1, 2, 3) AS ended
         WHERE u.user_id = ended.user_id AND u.connection_id = ended.connection_id AND u.day = ended.day`,
        [rows.map((row) => row.user_id), rows.map((row) => row.connection_id), rows.map((row) => row.day)],
      );
      return rows.length;
    });
  }
}
