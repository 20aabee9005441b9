import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lifecycle } from '../../common/lifecycle';
import { CONFIG, type Config } from '../../config/config';
import { SignalBus } from '../../database/signal-bus';
import type { StopReason } from '../../drivers/abort';
import type { Run } from './run';

export interface RunningQuery {
  readonly run: Run;
  readonly startedAt: Date;
  /** Resolves when the database has confirmed the end and the run is over. */
  readonly ended: Promise<void>;
  stop(reason: StopReason): void;
}

/** What runs now on this replica, so that it can be stopped. */
@Injectable()
export class RunningQueries implements BeforeApplicationShutdown {
  private readonly running = new Map<string, RunningQuery>();

  /** Told of every run once it can be stopped. */
  onStart: ((run: Run) => void) | null = null;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    signals: SignalBus,
    lifecycle: Lifecycle,
  ) {
    signals.on('query.cancel', (id) => this.running.get(id)?.stop('cancelled'));
    // Streams get to say that they broke off before their connections are cut.
    lifecycle.beforeCut = () => this.stopAll();
  }

  get count(): number {
    return this.running.size;
  }

  find(id: string): RunningQuery | null {
    return this.running.get(id) ?? null;
  }

  /** Those of a user, or everybody's. */
  list(userId: string | null): RunningQuery[] {
    return [...this.running.values()].filter(
      ({ run }) => userId === null || run.caller.principal.userId === userId,
    );
  }

  /** Runs `work` under a deadline and under `controller`, which aborts by itself when the caller goes away. */
  async track<T>(
    run: Run,
    controller: AbortController,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const stop = (reason: StopReason): void => controller.abort(reason);
    const deadline = setTimeout(() => stop('timeout'), run.limits.timeoutMs);
    let over = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      over = resolve;
    });
    this.running.set(run.id, { run, startedAt: new Date(), ended, stop });
    this.onStart?.(run);
    try {
      return await work(controller.signal);
    } finally {
      clearTimeout(deadline);
      this.running.delete(run.id);
      over();
    }
  }

  /** Lets running work finish for the grace period, then stops it. */
  async beforeApplicationShutdown(): Promise<void> {
    const all = Promise.all([...this.running.values()].map(({ ended }) => ended));
    await Promise.race([all, sleep(this.config.shutdownGraceMs, undefined, { ref: false })]);
    await this.stopAll();
  }

  /** Stops everything because the process ends; resolves when the databases have confirmed. */
  private async stopAll(): Promise<void> {
    for (const one of this.running.values()) one.stop('shutdown');
    await Promise.all([...this.running.values()].map(({ ended }) => ended));
  }
}
