import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { AppError, isAppError } from '../../common/app-error';
import type { PageQuery } from '../../common/page-query.dto';
import type { Page } from '../../common/pagination';
import type { Caller, Principal } from '../../common/principal';
import { pageNewestFirst } from '../../database/page-newest-first';
import { SignalBus } from '../../database/signal-bus';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { ConnectionAccess } from '../connections/connection-access';
import { Vault } from '../sealing/vault';
import { SettingsService } from '../settings/settings.service';
import { jobEvent } from './job-event';
import { JobQueue } from './job-queue';
import { jobSecretPlace, type JobSecret } from './job-secret';
import { jobSignals } from './job-signals';
import { QueryJob, resultName } from './query-job.entity';
import type { QueryJobRequest } from './query-job-request';
import { viewOf, type QueryJobView } from './query-job.view';
import { KEY_BYTES } from './store/frames';

const POLL_MS = 50;
const CONFIRM_MS = 10_000;

/** Background runs as people see them: asked for, looked at, stopped, deleted. */
@Injectable()
export class QueryJobsService {
  constructor(
    @InjectRepository(QueryJob) private readonly jobs: Repository<QueryJob>,
    private readonly queue: JobQueue,
    private readonly access: ConnectionAccess,
    private readonly vault: Vault,
    private readonly signals: SignalBus,
    private readonly audit: AuditService,
    private readonly settings: SettingsService,
  ) {
    vault.register(jobSecretPlace);
  }

  /**
   * The statement itself is judged when it runs, as every statement is.
   * @throws AppError `job.too_many`, and what keeps the caller from the connection
   */
  async create(caller: Caller, { query, output, options }: QueryJobRequest): Promise<QueryJobView> {
    const { connection } = await this.access.require(caller.principal, query.connectionId);
    const id = randomUUID();
    const { text, params, maxRows, timeoutMs, rowMode } = query;
    const { requestId, ip, userAgent } = caller.origin;
    const secret: JobSecret = {
      ...{ text, params, maxRows, timeoutMs, rowMode, options },
      origin: { requestId, ip, userAgent },
      key: randomBytes(KEY_BYTES).toString('base64'),
    };
    const sealed = this.vault.seal(jobSecretPlace, id, JSON.stringify(secret));
    await this.queue.add(caller, { id, connectionId: connection.id, format: output.name, sealed });
    return this.get(caller.principal, id);
  }

  /** One's own, or everybody's for administrators. */
  async list({ userId, role }: Principal, page: PageQuery): Promise<Page<QueryJobView>> {
    const select = this.jobs.createQueryBuilder('j').where('(j.expires_at IS NULL OR j.expires_at > now())');
    if (role !== 'admin') select.andWhere('j.user_id = :userId', { userId });
    const { items, nextCursor } = await pageNewestFirst(select, page);
    return { items: items.map((job) => this.viewFor(userId, job)), nextCursor };
  }

  async get(principal: Principal, id: string): Promise<QueryJobView> {
    return this.viewFor(principal.userId, await this.find(principal, id));
  }

  /**
   * What is not there, what has expired and what is somebody else's look alike.
   * @throws AppError `resource.not_found`
   */
  async find({ userId, role }: Principal, id: string): Promise<QueryJob> {
    const job = await this.jobs.findOneBy({ id });
    const isOver = job?.expiresAt !== null && job !== null && job.expiresAt < new Date();
    if (!job || isOver || (role !== 'admin' && job.userId !== userId))
      throw new AppError('resource.not_found');
    return job;
  }

  /**
   * Stops what waits or runs, and resolves when the database has confirmed; deletes what has ended.
   * @throws AppError `resource.not_found`; `service.unavailable` when the end is not confirmed within ten seconds
   */
  async remove(caller: Caller, id: string): Promise<void> {
    await this.find(caller.principal, id);
    if (!(await this.ask(caller, id))) return;
    for (const started = performance.now(); await this.jobs.existsBy({ id, state: 'running' });) {
      if (performance.now() - started > CONFIRM_MS)
        throw new AppError('service.unavailable', 'The end of the background run is not confirmed yet', {
          retryAfterSeconds: 1,
        });
      await sleep(POLL_MS);
    }
  }

  /** Deletes a row, and with it the one key that opens its result; the file goes where somebody has it. */
  async forget(job: QueryJob, by: Parameters<typeof jobEvent>[0], why: string): Promise<void> {
    await this.signals.transaction(async (manager) => {
      const { affected } = await manager.delete(QueryJob, {
        id: job.id,
        attempt: job.attempt,
        state: job.state,
      });
      if (affected === 0) return;
      await this.audit.recordIn(manager, jobEvent(by, 'delete', job.id, { why, state: job.state }));
      await this.signals.publish(manager, jobSignals.deleted, resultName(job));
    });
  }

  /** @returns whether it runs, and was told to stop */
  private async ask(caller: Caller, id: string): Promise<boolean> {
    const hours = await this.settings.get('background_result_hours');
    return this.signals.transaction(async (manager) => {
      const job = await manager.findOne(QueryJob, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!job) return false;
      const by = byCaller(caller);
      const { state } = job;
      if (state !== 'queued' && state !== 'running') {
        await manager.delete(QueryJob, { id });
        await this.audit.recordIn(manager, jobEvent(by, 'delete', id, { why: 'asked', state }));
        await this.signals.publish(manager, jobSignals.deleted, resultName(job));
        return false;
      }
      await manager.query(
        state === 'running'
          ? 'UPDATE query_jobs SET cancel_requested = true WHERE id = $1'
          : `UPDATE query_jobs SET state = 'cancelled', error_code = 'query.cancelled', finished_at = now(),
               expires_at = now() + make_interval(hours => $2) WHERE id = $1`,
        state === 'running' ? [id] : [id, hours],
      );
      await this.audit.recordIn(manager, jobEvent(by, 'cancel', id, { state }));
      await this.signals.publish(manager, jobSignals.cancel, id);
      return state === 'running';
    });
  }

  /** Statements hold constants, which are nobody's but their author's: others find them in history as it keeps them. */
  private viewFor(userId: string, job: QueryJob): QueryJobView {
    if (job.userId !== userId) return viewOf(job, null);
    try {
      return viewOf(job, this.secretOf(job).text);
    } catch (error) {
      // One row under a key that is gone does not keep its owner from the others.
      if (!isAppError(error)) throw error;
      return viewOf(job, null);
    }
  }

  /** @throws AppError `connection.key_unknown`, `connection.unsealable` */
  secretOf({ id, sealed }: Pick<QueryJob, 'id' | 'sealed'>): JobSecret {
    return JSON.parse(this.vault.open(jobSecretPlace, id, sealed)) as JobSecret;
  }
}
