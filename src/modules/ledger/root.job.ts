import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Metrics } from '../../common/metrics';
import { Readiness } from '../../common/readiness';
import { GroupCommit } from '../../database/group-commit';
import { ChainKeeperJob } from '../audit/chain-keeper.job';
import { ChainWriter } from '../audit/chain/chain.writer';
import { SettingsService } from '../settings/settings.service';
import { RootMaker } from './root.maker';
import { RootDelivery } from './sinks/root.delivery';

const TICK_MS = 1000;
const LAST_DELIVERY_MS = 2000;

/** Makes a root every `audit_root_seconds` and brings it to the sinks; says what is wrong with the record. */
@Injectable()
export class RootJob implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RootJob.name);
  private lastRun = performance.now();
  private running: Promise<void> | null = null;
  private failure: string | null = null;

  constructor(
    private readonly maker: RootMaker,
    private readonly delivery: RootDelivery,
    private readonly settings: SettingsService,
    private readonly groupCommit: GroupCommit,
    private readonly writer: ChainWriter,
    private readonly keeper: ChainKeeperJob,
    readiness: Readiness,
    metrics: Metrics,
  ) {
    readiness.add({ name: 'audit_chain', required: false, run: () => this.requireSound() });
    readiness.add({ name: 'audit_roots', required: false, run: () => this.requireRoots() });
    metrics.gauge('audit_root_number', 'Number of the newest signed root', () => this.maker.lastNumber);
    metrics.gauge('audit_chain_problems', 'Signs that the record was changed outside of the service', () =>
      this.problems(),
    );
    metrics.gauges('audit_sink_behind_roots', 'Signed roots that have not arrived at a sink', ['sink'], () =>
      this.delivery.sinks.map(({ name, behind }) => ({ labels: { sink: name }, value: behind })),
    );
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (this.running) return;
    try {
      const seconds = await this.settings.get('audit_root_seconds');
      if (performance.now() - this.lastRun < seconds * 1000) return;
      await this.run();
    } catch (error) {
      this.logger.debug({ err: error }, 'whether a root is due could not be told');
    }
  }

  /** Makes a root now, if there is something new. A sink that hangs is not waited for by the next root. */
  async run(): Promise<void> {
    this.lastRun = performance.now();
    this.running ??= this.make().finally(() => {
      this.running = null;
    });
    await this.running;
    void this.delivery.deliver();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.groupCommit.settled().catch(() => undefined);
    await this.run().catch(() => undefined);
    // A sink that hangs gets the rest after the next start.
    await Promise.race([this.delivery.deliver(), sleep(LAST_DELIVERY_MS, undefined, { ref: false })]);
  }

  private async make(): Promise<void> {
    try {
      await this.maker.make();
      this.failure = null;
    } catch (error) {
      if (this.failure === null) this.logger.error({ err: error }, 'no signed root could be made');
      this.failure = (error as Error).message;
      throw error;
    }
  }

  private problems(): number {
    return this.writer.broken.length + this.keeper.foreignRecords.length + (this.maker.lost === null ? 0 : 1);
  }

  private async requireSound(): Promise<void> {
    if (this.problems() > 0) throw new Error('the record was changed outside of the service');
  }

  private async requireRoots(): Promise<void> {
    const broken = this.delivery.sinks.find(({ error }) => error !== null);
    if (this.failure !== null || broken) throw new Error('roots are not made or do not arrive');
  }
}
