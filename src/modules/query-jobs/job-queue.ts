import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import type { Caller } from '../../common/principal';
import type { Sealed } from '../../common/seal';
import { Instance } from '../../database/instance';
import { SignalBus } from '../../database/signal-bus';
import { byCaller, bySystem } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { SettingsService } from '../settings/settings.service';
import { jobEvent } from './job-event';
import { jobSignals } from './job-signals';
import type { JobState } from './query-job.entity';

/** Whoever says nothing for this long is taken for dead, in seconds. */
export const LEASE_SECONDS = 30;
/** Serialises claims, which count what runs already, and reservations, which add up what is taken. */
const LOCKS = { claim: 'sluice.query_jobs.claim', room: 'sluice.query_jobs.room' };
const MIB = 1024 * 1024;

export interface NewJob {
  readonly id: string;
  readonly connectionId: string;
  readonly format: string;
  readonly sealed: Sealed;
}

/** A job that this process holds. */
export interface HeldJob {
  readonly id: string;
  readonly attempt: number;
  readonly userId: string;
  readonly connectionId: string;
  readonly format: string;
  readonly sealed: Sealed;
}

/** How far a job is. */
export interface JobProgress {
  readonly id: string;
  readonly attempt: number;
  readonly runId: string | null;
  readonly rows: number;
  readonly bytes: number;
}

export interface JobEnd extends JobProgress {
  readonly state: Exclude<JobState, 'queued' | 'running'>;
  /** In the store. */
  readonly storedBytes: number;
  readonly truncated: boolean | null;
  readonly sha256: string | null;
  readonly storeId: string | null;
  readonly planSha256: string | null;
  readonly errorCode: ErrorCode | null;
}

/**
 * The queue of background runs: rows of the system database. A process holds what it works on by a lease that it renews;
 * whatever it writes of a job it writes on the condition that it still holds it.
 */
@Injectable()
export class JobQueue {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly instance: Instance,
    private readonly signals: SignalBus,
    private readonly audit: AuditService,
    private readonly settings: SettingsService,
  ) {}

  /** @throws AppError `job.too_many` */
  async add(caller: Caller, { id, connectionId, format, sealed }: NewJob): Promise<void> {
    const { userId } = caller.principal;
    const most = await this.settings.get('background_jobs_per_user');
    await this.signals.transaction(async (manager) => {
      await lock(manager, `sluice.query_jobs.user.${userId}`);
      const [{ count }]: [{ count: number }] = await manager.query(
        'SELECT count(*)::int AS count FROM query_jobs WHERE user_id = $1',
        [userId],
      );
      if (count >= most)
        throw new AppError('job.too_many', `You may have ${most}: delete some, or wait until they expire`, {
          retryAfterSeconds: 60,
        });
      await manager.query(
        `INSERT INTO query_jobs (id, user_id, connection_id, format, sealed) VALUES ($1, $2, $3, $4, $5)`,
        [id, userId, connectionId, format, sealed],
      );
      await this.audit.recordIn(manager, jobEvent(byCaller(caller), 'create', id, { connectionId, format }));
      await this.signals.publish(manager, jobSignals.queued, id);
    });
  }

  /**
   * The next job, which this process holds from then on: of the user of whom the fewest run, of these the one whose turn
   * was longest ago. A connection keeps a session for those who wait for their answers.
   */
  async claim(): Promise<HeldJob | null> {
    const [perUser, perConnection] = await Promise.all([
      this.settings.get('background_running_per_user'),
      this.settings.get('background_running_per_connection'),
    ]);
    return this.dataSource.transaction(async (manager) => {
      await lock(manager, LOCKS.claim);
      // The transaction may have waited for the lock: its `now()` is of before.
      const [[job]]: [HeldJob[], number] = await manager.query(
        `WITH users AS (
           SELECT user_id, count(*) FILTER (WHERE state = 'running') AS running, max(started_at) AS last_turn
           FROM query_jobs GROUP BY user_id),
         connections AS (
           SELECT connection_id, count(*) AS running FROM query_jobs WHERE state = 'running' GROUP BY connection_id),
         next AS (
           SELECT j.id FROM query_jobs j JOIN users u USING (user_id)
           JOIN database_connections d ON d.id = j.connection_id
           LEFT JOIN connections c USING (connection_id)
           WHERE j.state = 'queued' AND j.not_before <= now() AND u.running < $1
             AND coalesce(c.running, 0) < least($2, greatest(1, d.max_connections - 1))
           ORDER BY u.running, u.last_turn NULLS FIRST, j.created_at, j.id
           LIMIT 1 FOR UPDATE OF j SKIP LOCKED)
         UPDATE query_jobs j SET state = 'running', attempt = attempt + 1, instance_id = $3,
           lease_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS}), started_at = clock_timestamp(), run_id = NULL,
           rows = 0, bytes = 0, reserved_bytes = 0, error_code = NULL
         FROM next WHERE j.id = next.id
         RETURNING j.id, j.attempt, j.user_id AS "userId", j.connection_id AS "connectionId", j.format, j.sealed`,
        [perUser, perConnection, this.instance.id],
      );
      if (!job) return null;
      const { id, attempt, connectionId, userId } = job;
      await this.audit.recordIn(manager, jobEvent(bySystem, 'start', id, { attempt, connectionId, userId }));
      return job;
    });
  }

  /**
   * Renews the leases of what this process works on.
   * @returns those it still holds, with whether they are to be stopped
   */
  async renew(jobs: readonly JobProgress[]): Promise<ReadonlyMap<string, { readonly cancel: boolean }>> {
    const [rows]: [{ id: string; cancel: boolean }[], number] = await this.dataSource.query(
      `UPDATE query_jobs j SET lease_until = now() + make_interval(secs => ${LEASE_SECONDS}),
         run_id = p.run_id, rows = p.rows, bytes = p.bytes
       FROM unnest($2::uuid[], $3::int[], $4::uuid[], $5::bigint[], $6::bigint[]) AS p(id, attempt, run_id, rows, bytes)
       WHERE j.id = p.id AND j.attempt = p.attempt AND j.state = 'running' AND j.instance_id = $1
       RETURNING j.id, j.cancel_requested AS cancel`,
      [
        this.instance.id,
        jobs.map(({ id }) => id),
        jobs.map(({ attempt }) => attempt),
        jobs.map(({ runId }) => runId),
        jobs.map(({ rows: count }) => count),
        jobs.map(({ bytes }) => bytes),
      ],
    );
    return new Map(rows.map(({ id, cancel }) => [id, { cancel }]));
  }

  /** Whether the store has room for so many further bytes; if so they are the job's. */
  async reserve({ id, attempt }: Pick<HeldJob, 'id' | 'attempt'>, bytes: number): Promise<boolean> {
    const most = (await this.settings.get('background_max_total_mb')) * MIB;
    return this.dataSource.transaction(async (manager) => {
      await lock(manager, LOCKS.room);
      const [, reserved]: [unknown, number] = await manager.query(
        `UPDATE query_jobs SET reserved_bytes = reserved_bytes + $3
         WHERE id = $1 AND attempt = $2 AND state = 'running'
           AND (SELECT coalesce(sum(reserved_bytes), 0) FROM query_jobs) + $3 <= $4`,
        [id, attempt, bytes, most],
      );
      return reserved === 1;
    });
  }

  /** @returns whether it has ended so: `false` when this process did not hold it any more */
  async finish(end: JobEnd): Promise<boolean> {
    const hours = await this.settings.get('background_result_hours');
    return this.signals.transaction(async (manager) => {
      const [, finished]: [unknown, number] = await manager.query(
        `UPDATE query_jobs SET state = $4, run_id = $5, rows = $6, bytes = $7, reserved_bytes = $8, truncated = $9,
           sha256 = $10, store_id = $11, plan_sha256 = $12, error_code = $13,
           lease_until = NULL, finished_at = now(), expires_at = now() + make_interval(hours => $14)
         WHERE id = $1 AND attempt = $2 AND instance_id = $3 AND state = 'running'`,
        [
          ...[
            end.id,
            end.attempt,
            this.instance.id,
            end.state,
            end.runId,
            end.rows,
            end.bytes,
            end.storedBytes,
          ],
          ...[end.truncated, end.sha256, end.storeId, end.planSha256, end.errorCode, hours],
        ],
      );
      if (finished === 0) return this.hasEnded(manager, end);
      const { id, attempt, state, runId, rows, bytes, errorCode, sha256 } = end;
      const details = { attempt, state, queryId: runId, rows, bytes, code: errorCode, sha256 };
      const result = state === 'done' ? 'success' : 'failure';
      await this.audit.recordIn(manager, jobEvent(bySystem, 'end', id, details, result));
      await this.signals.publish(manager, jobSignals.ended, id);
      return true;
    });
  }

  /** Back into the queue, for a later try. @returns `false` when somebody has stopped it, or this process does not hold it any more */
  async putBack(
    { id, attempt }: Pick<HeldJob, 'id' | 'attempt'>,
    code: ErrorCode,
    waitSeconds: number,
  ): Promise<boolean> {
    return this.signals.transaction(async (manager) => {
      const [, put]: [unknown, number] = await manager.query(
        `UPDATE query_jobs SET state = 'queued', instance_id = NULL, lease_until = NULL, reserved_bytes = 0, rows = 0,
           bytes = 0, error_code = $4, not_before = now() + make_interval(secs => $5)
         WHERE id = $1 AND attempt = $2 AND instance_id = $3 AND state = 'running' AND NOT cancel_requested`,
        [id, attempt, this.instance.id, code, waitSeconds],
      );
      if (put === 0) return false;
      await this.audit.recordIn(manager, jobEvent(bySystem, 'requeue', id, { attempt, code }));
      return true;
    });
  }

  /** What nobody renews any more has lost its process. */
  async closeLost(): Promise<void> {
    const hours = await this.settings.get('background_result_hours');
    await this.signals.transaction(async (manager) => {
      const [rows]: [{ id: string; attempt: number; state: JobState; runId: string | null }[], number] =
        await manager.query(
          `WITH dead AS (
             SELECT id FROM query_jobs WHERE state = 'running' AND lease_until < now() FOR UPDATE SKIP LOCKED)
           UPDATE query_jobs j SET state = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'lost' END,
             error_code = CASE WHEN cancel_requested THEN 'query.cancelled' ELSE 'job.lost' END,
             instance_id = NULL, lease_until = NULL, reserved_bytes = 0, finished_at = now(),
             expires_at = now() + make_interval(hours => $1)
           FROM dead WHERE j.id = dead.id
           RETURNING j.id, j.attempt, j.state, j.run_id AS "runId"`,
          [hours],
        );
      for (const { id, attempt, state, runId } of rows) {
        const details = { attempt, queryId: runId, state };
        await this.audit.recordIn(manager, jobEvent(bySystem, 'end', id, details, 'failure'));
        await this.signals.publish(manager, jobSignals.ended, id);
      }
    });
  }

  /** A commit whose answer was lost has happened nevertheless. */
  private async hasEnded(manager: EntityManager, { id, attempt, state }: JobEnd): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      'SELECT 1 FROM query_jobs WHERE id = $1 AND attempt = $2 AND instance_id = $3 AND state = $4',
      [id, attempt, this.instance.id, state],
    );
    return rows.length === 1;
  }
}

async function lock(manager: EntityManager, name: string): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
}
