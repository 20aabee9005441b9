import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AppError, isAppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { ConnectionAccess } from '../connections/connection-access';
import { StatementGate } from '../query/statement-gate';
import { jobEvent } from './job-event';
import { planDigest } from './plan-digest';
import { resultName, type QueryJob } from './query-job.entity';
import { QueryJobsService } from './query-jobs.service';
import { FileResultStore } from './store/file-result.store';
import type { ResultReader } from './store/result-store';
import { readRange, requireWhole, type ByteRange, type SealedResult } from './store/sealed-result';

/** Results of background runs on their way to whoever asked for them. */
@Injectable()
export class JobResultsService {
  constructor(
    private readonly jobs: QueryJobsService,
    private readonly store: FileResultStore,
    private readonly access: ConnectionAccess,
    private readonly gate: StatementGate,
    private readonly audit: AuditService,
  ) {}

  /**
   * The run of a result that its owner may have now. A result that may not be had any more is deleted.
   * @throws AppError `resource.not_found`, `job.not_done`, `job.result_revoked`
   */
  async require(caller: Caller, id: string): Promise<QueryJob> {
    const { principal } = caller;
    const job = await this.jobs.find(principal, id);
    // Administrators see that there is one. What is in it was made under the policies of its owner.
    if (job.userId !== principal.userId) throw new AppError('resource.not_found');
    if (job.state !== 'done') throw new AppError('job.not_done', `It is ${job.state}`);
    if (await this.isPermitted(caller, job)) return job;
    await this.jobs.forget(job, byCaller(caller), 'revoked');
    throw new AppError('job.result_revoked');
  }

  /**
   * Recorded before the first byte; the file is closed when the stream ends.
   * @throws AppError `job.result_elsewhere`, `job.result_damaged`
   */
  async read(caller: Caller, job: QueryJob, range: ByteRange): Promise<Readable> {
    const reader = await this.open(job);
    const { bytes } = job;
    const parts = partsOf(
      reader,
      {
        name: resultName(job),
        key: Buffer.from(this.jobs.secretOf(job).key, 'base64'),
        bytes,
      },
      range,
    );
    // What is damaged at its beginning is told by a problem, and not by a connection that breaks.
    const first = await parts.next();
    const body = Readable.from(joined(first, parts), { objectMode: false });
    try {
      const details = { queryId: job.runId, bytes, first: range.first, last: range.last };
      await this.audit.record(jobEvent(byCaller(caller), 'download', job.id, details));
    } catch (error) {
      await parts.return();
      throw error;
    }
    return body;
  }

  private async open(job: QueryJob): Promise<ResultReader> {
    const reader = await this.store.open(resultName(job));
    if (reader) return reader;
    if ((await this.store.place()) !== job.storeId)
      throw new AppError('job.result_elsewhere', 'Ask the replica that ran it', { retryAfterSeconds: 1 });
    throw new AppError('job.result_damaged', 'The file of the result is gone');
  }

  /** Whether the same user would be sent the same now. @throws AppError when that cannot be told */
  private async isPermitted({ principal }: Caller, job: QueryJob): Promise<boolean> {
    const { text, params } = this.jobs.secretOf(job);
    try {
      const accessible = await this.access.require(principal, job.connectionId);
      const { plan } = await this.gate.judge(principal, accessible, { text, params, onlyReads: true });
      const { maxRowsPerQuery } = accessible.permission;
      return planDigest(plan) === job.planSha256 && job.rows <= (maxRowsPerQuery ?? Infinity);
    } catch (error) {
      // That a database is away for a moment revokes nothing.
      if (!isAppError(error) || error.definition.fault !== 'caller') throw error;
      return false;
    }
  }
}

async function* partsOf(
  reader: ResultReader,
  result: SealedResult,
  range: ByteRange,
): AsyncGenerator<Buffer, void> {
  try {
    requireWhole(reader, result);
    yield* readRange(reader, result, range);
  } finally {
    await reader.close();
  }
}

async function* joined(
  first: IteratorResult<Buffer, void>,
  rest: AsyncGenerator<Buffer, void>,
): AsyncGenerator<Buffer, void> {
  try {
    if (first.done) return;
    yield first.value;
    yield* rest;
  } finally {
    await rest.return();
  }
}
