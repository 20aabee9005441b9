import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { isAppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import { Lifecycle } from '../../common/lifecycle';
import { CONFIG, type Config } from '../../config/config';
import { SignalBus } from '../../database/signal-bus';
import { PrincipalReader } from '../auth/principal.reader';
import { StreamService } from '../query/stream/stream.service';
import { SettingsService } from '../settings/settings.service';
import { jobSignals } from './job-signals';
import { JobQueue, LEASE_SECONDS, type HeldJob, type JobEnd } from './job-queue';
import { JobRun, type AttemptEnd } from './job-run';
import { resultName } from './query-job.entity';
import { QueryJobsService } from './query-jobs.service';
import { FileResultStore } from './store/file-result.store';

const RENEW_MS = 1000;
const LOOK_MS = 2000;
const LOST_MS = 5000;
/** An end that cannot be written is tried again, this often. */
const WRITE = { attempts: 20, waitMs: 1000 };
/** Begun so often, nothing is begun again. */
const MAX_ATTEMPTS = 10;
const BUSY_WAIT_SECONDS = { first: 2, most: 60 };

/** Takes jobs from the queue and runs them, as many at once as the settings say. */
@Injectable()
export class JobWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(JobWorker.name);
  private readonly active = new Map<string, { readonly run: JobRun; readonly ended: Promise<void> }>();
  private filling: Promise<void> | null = null;
  private again = false;
  private renewedAt = performance.now();

  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'shutdownGraceMs'>,
    private readonly store: FileResultStore,
    private readonly queue: JobQueue,
    private readonly streams: StreamService,
    private readonly principals: PrincipalReader,
    private readonly settings: SettingsService,
    private readonly jobs: QueryJobsService,
    private readonly lifecycle: Lifecycle,
    signals: SignalBus,
  ) {
    signals.on(jobSignals.queued, () => void this.fill());
    signals.on(jobSignals.ended, () => void this.fill());
    signals.on(jobSignals.cancel, (id) => this.active.get(id)?.run.stop('cancelled'));
  }

  onApplicationBootstrap(): void {
    void this.fill();
  }

  /** Takes as many jobs as there are places; one call at a time looks, and looks again if another came meanwhile. */
  @Interval(LOOK_MS)
  async fill(): Promise<void> {
    this.again = true;
    this.filling ??= this.fillAll().finally(() => {
      this.filling = null;
    });
    await this.filling;
  }

  private async fillAll(): Promise<void> {
    try {
      while (this.again) {
        this.again = false;
        const places = await this.settings.get('background_running_per_replica');
        while (this.active.size < places && !this.lifecycle.isStopping) {
          const job = await this.queue.claim();
          if (!job) break;
          this.begin(job);
        }
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'the queue of background runs cannot be read');
    }
  }

  private begin(job: HeldJob): void {
    if (this.active.size === 0) this.renewedAt = performance.now();
    const run = new JobRun(job);
    const ended = this.work(run).finally(() => {
      // What was put back may be here again.
      if (this.active.get(job.id)?.run === run) this.active.delete(job.id);
      void this.fill();
    });
    this.active.set(job.id, { run, ended });
  }

  /** Never rejects. */
  private async work(run: JobRun): Promise<void> {
    const name = resultName(run.job);
    let outcome: AttemptEnd;
    try {
      outcome = await this.attempt(run);
    } catch (error) {
      this.logger.error({ err: error, jobId: run.job.id }, 'a background run failed');
      const code = isAppError(error) ? error.code : 'service.internal';
      outcome = { kind: 'end', end: run.failure('failed', code) };
    }
    const kept = await this.write(run, outcome);
    if (kept === 'done') return;
    await this.store.delete(name).catch((error: unknown) => {
      this.logger.warn({ err: error, jobId: run.job.id }, 'what is left of a background run stays for now');
    });
  }

  private async attempt(run: JobRun): Promise<AttemptEnd> {
    const { job } = run;
    const [principal, maxSeconds, maxMib] = await Promise.all([
      this.principals.byUser(job.userId),
      this.settings.get('background_timeout_seconds'),
      this.settings.get('background_max_result_mb'),
    ]);
    const secret = this.jobs.secretOf(job);
    const reserve = (bytes: number): Promise<boolean> => this.queue.reserve(job, bytes);
    const { streams, store } = this;
    return run.perform({ streams, store, secret, principal, maxSeconds, maxMib, reserve });
  }

  /** Until it is written, or the lease has gone to somebody else. @returns the state it has now, if it is ours to say */
  private async write(run: JobRun, outcome: AttemptEnd): Promise<string | null> {
    for (let attempt = 1; attempt <= WRITE.attempts; attempt++) {
      try {
        return await this.writeOnce(run, outcome);
      } catch (error) {
        this.logger.warn({ err: error, jobId: run.job.id }, 'the end of a background run is not written yet');
        await sleep(WRITE.waitMs, undefined, { ref: false });
      }
    }
    // The lease runs out, and another replica says that it is lost.
    return null;
  }

  private async writeOnce(run: JobRun, outcome: AttemptEnd): Promise<string | null> {
    const { job } = run;
    const { first, most } = BUSY_WAIT_SECONDS;
    if (outcome.kind === 'later' && job.attempt < MAX_ATTEMPTS) {
      const wait = Math.min(first * 2 ** (job.attempt - 1), most);
      if (await this.queue.putBack(job, outcome.code, wait)) return 'queued';
    }
    const end = outcome.kind === 'end' ? outcome.end : await this.givenUp(run, outcome.code);
    return (await this.queue.finish(end)) ? end.state : null;
  }

  /** Of what waited for its turn once too often, or until it was stopped. */
  private async givenUp(run: JobRun, code: ErrorCode): Promise<JobEnd> {
    const held = (await this.queue.renew([run.progress])).get(run.job.id);
    return held?.cancel ? run.failure('cancelled', 'query.cancelled') : run.failure('failed', code);
  }

  /** Says that this process lives, and hears what is to be stopped. What it does not hold any more it stops. */
  @Interval(RENEW_MS)
  async renew(): Promise<void> {
    const held = [...this.active.values()].map(({ run }) => run);
    if (held.length === 0) return;
    const asked = performance.now();
    try {
      const still = await this.queue.renew(held.map(({ progress }) => progress));
      this.renewedAt = asked;
      for (const run of held) {
        const known = still.get(run.job.id);
        if (!known || known.cancel) run.stop('cancelled');
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'leases of background runs cannot be renewed');
      // Others take them for dead by now.
      if (asked - this.renewedAt > LEASE_SECONDS * 1000) for (const run of held) run.stop('shutdown');
    }
  }

  @Interval(LOST_MS)
  async closeLost(): Promise<void> {
    try {
      await this.queue.closeLost();
    } catch (error) {
      this.logger.warn({ err: error }, 'background runs of dead processes cannot be closed');
    }
  }

  /** What runs may end within the grace; then it is stopped, and reported as lost. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.filling;
    const all = Promise.all([...this.active.values()].map(({ ended }) => ended));
    await Promise.race([all, sleep(this.config.shutdownGraceMs, undefined, { ref: false })]);
    for (const { run } of this.active.values()) run.stop('shutdown');
    await all;
  }
}
