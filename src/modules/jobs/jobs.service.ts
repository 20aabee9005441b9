import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AppError } from '../../common/app-error';
import { Readiness } from '../../common/readiness';
import type { Caller } from '../../common/principal';
import { withClusterLock } from '../../database/cluster-lock';
import { byCaller, bySystem, type AuditEvent } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import type { Job, JobReport } from './job';

const TICK_MS = 60_000;
/** A run that failed, or whose process died, is repeated after this, in seconds, where it would not be due before. */
const REPEAT_SECONDS = 600;

export interface JobView {
  readonly name: string;
  readonly description: string;
  /** 0: only by hand. */
  readonly everySeconds: number;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Code or name of what the last run failed with. */
  readonly error: string | null;
  readonly report: JobReport;
}

/**
 * Runs jobs once per cluster: under an advisory lock, when the last run is long enough ago. That is in the database, so
 * what was due while nothing ran is done soon after the next start. Every run is on record.
 */
@Injectable()
export class Jobs {
  private readonly logger = new Logger(Jobs.name);
  private readonly jobs = new Map<string, Job>();
  private ticking = false;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly audit: AuditService,
    readiness: Readiness,
  ) {
    readiness.add({ name: 'jobs', required: false, run: () => this.requireDone() });
  }

  register(job: Job): void {
    this.jobs.set(job.name, job);
  }

  async list(): Promise<JobView[]> {
    const rows: (Omit<JobView, 'description' | 'everySeconds'> & { name: string })[] =
      await this.dataSource.query(
        `SELECT job AS name, started_at AS "startedAt", finished_at AS "finishedAt", error, report FROM job_runs`,
      );
    return Promise.all(
      [...this.jobs.values()].map(async (job) => {
        const { name, description } = job;
        const last = rows.find((row) => row.name === name);
        const { startedAt = null, finishedAt = null, error = null, report = {} } = last ?? {};
        return {
          name,
          description,
          everySeconds: await secondsOf(job),
          startedAt,
          finishedAt,
          error,
          report,
        };
      }),
    );
  }

  /**
   * By hand, whenever it ran last.
   * @throws AppError `resource.not_found`; `request.conflict` while a replica is at it; what the job throws
   */
  async runNow(caller: Caller, name: string): Promise<JobReport> {
    const job = this.jobs.get(name);
    if (!job) throw new AppError('resource.not_found');
    let report: JobReport = {};
    const done = await this.alone(job, async () => {
      report = await this.perform(job, byCaller(caller));
    });
    if (!done) throw new AppError('request.conflict', 'The job is running');
    return report;
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (this.ticking) return;
    this.ticking = true;
    try {
      await this.runDue();
    } finally {
      this.ticking = false;
    }
  }

  /** @returns names of the jobs that this replica has run */
  async runDue(): Promise<string[]> {
    const done: string[] = [];
    for (const job of this.jobs.values()) {
      try {
        if (!(await this.isDue(job))) continue;
        await this.alone(job, async () => {
          // Another replica may have done it while this one asked.
          if (!(await this.isDue(job))) return;
          await this.perform(job, bySystem);
          done.push(job.name);
        });
      } catch (error) {
        this.logger.error({ err: error, job: job.name }, 'a job failed');
      }
    }
    return done;
  }

  private async isDue(job: Job): Promise<boolean> {
    const seconds = await secondsOf(job);
    if (seconds === 0) return false;
    const rows: unknown[] = await this.dataSource.query(
      `SELECT 1 FROM job_runs WHERE job = $1 AND started_at > clock_timestamp() - make_interval(secs =>
         CASE WHEN finished_at IS NULL OR error IS NOT NULL THEN least($2, ${REPEAT_SECONDS}) ELSE $2 END::double precision)`,
      [job.name, seconds],
    );
    return rows.length === 0;
  }

  private alone({ name }: Job, work: () => Promise<void>): Promise<boolean> {
    return withClusterLock(this.dataSource, `job.${name}`, work);
  }

  private async perform(job: Job, by: Pick<AuditEvent, 'actor' | 'origin'>): Promise<JobReport> {
    await this.dataSource.query(
      `INSERT INTO job_runs (job, started_at) VALUES ($1, clock_timestamp())
       ON CONFLICT (job) DO UPDATE SET started_at = excluded.started_at, finished_at = NULL, error = NULL, report = '{}'`,
      [job.name],
    );
    try {
      const report = await job.run();
      await this.finish(job, null, report);
      await this.audit.record({ ...by, ...eventOf(job), result: 'success', details: report });
      return report;
    } catch (error) {
      const code = codeOf(error);
      await this.finish(job, code, {});
      await this.audit.record({ ...by, ...eventOf(job), result: 'failure', details: { code } });
      throw error;
    }
  }

  /** @throws Error while the last run of a job is one that failed */
  private async requireDone(): Promise<void> {
    const rows: { job: string }[] = await this.dataSource.query(
      'SELECT job FROM job_runs WHERE error IS NOT NULL AND job = ANY($1)',
      [[...this.jobs.keys()]],
    );
    if (rows.length > 0) throw new Error(`failed: ${rows.map(({ job }) => job).join(', ')}`);
  }

  private async finish({ name }: Job, error: string | null, report: JobReport): Promise<void> {
    await this.dataSource.query(
      'UPDATE job_runs SET finished_at = clock_timestamp(), error = $2, report = $3 WHERE job = $1',
      [name, error, report],
    );
  }
}

/** Never the message, which may hold anything. */
function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: string };
  return typeof code === 'string' ? code : (name ?? 'Error');
}

function secondsOf({ everySeconds }: Job): number | Promise<number> {
  return typeof everySeconds === 'number' ? everySeconds : everySeconds();
}

function eventOf({ name }: Job): Pick<AuditEvent, 'action' | 'resourceType' | 'resourceId'> {
  return { action: 'job.run', resourceType: 'job', resourceId: name };
}
