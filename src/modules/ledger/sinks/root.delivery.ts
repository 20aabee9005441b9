import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../../../config/config';
import { RootStore } from '../root.store';
import { FileRootSink } from './file-root.sink';
import type { RootSink } from './root-sink';
import { SinkPositions } from './sink-positions';
import { WebhookRootSink } from './webhook-root.sink';

const BATCH = 20;
/** For a batch, each of whose requests may take ten seconds. */
const LEASE_SECONDS = 240;

export interface SinkState {
  readonly name: string;
  readonly error: string | null;
  /** Roots that have not arrived. */
  readonly behind: number;
}

/** Brings roots to every sink. The file is each replica's own; what is shared is fed by one replica at a time. */
@Injectable()
export class RootDelivery {
  private readonly logger = new Logger(RootDelivery.name);
  private readonly own: readonly RootSink[];
  private readonly shared: readonly RootSink[];
  private readonly states = new Map<string, SinkState>();
  private readonly busy = new Map<string, Promise<void>>();

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'auditRootsFile' | 'auditRootsWebhook'>,
    private readonly store: RootStore,
    private readonly positions: SinkPositions,
  ) {
    this.own = [new FileRootSink(config.auditRootsFile)];
    this.shared = config.auditRootsWebhook ? [new WebhookRootSink(config.auditRootsWebhook, positions)] : [];
  }

  get sinks(): readonly SinkState[] {
    return [...this.states.values()];
  }

  /** Sinks do not wait for each other; one that is still at it is not started again. */
  async deliver(): Promise<void> {
    await Promise.all([
      ...this.own.map((sink) => this.guard(sink, () => this.feed(sink))),
      ...this.shared.map((sink) =>
        this.guard(sink, async () => {
          if (!(await this.positions.lease(sink.name, LEASE_SECONDS))) return;
          try {
            await this.feed(sink);
          } finally {
            await this.positions.release(sink.name);
          }
        }),
      ),
    ]);
  }

  private guard(sink: RootSink, work: () => Promise<void>): Promise<void> {
    const running =
      this.busy.get(sink.name) ?? this.attempt(sink, work).finally(() => this.busy.delete(sink.name));
    this.busy.set(sink.name, running);
    return running;
  }

  private async attempt(sink: RootSink, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.note(sink.name, null);
    } catch (error) {
      if (!this.states.get(sink.name)?.error) {
        this.logger.error({ err: error, sink: sink.name }, 'signed roots do not arrive');
      }
      this.note(sink.name, (error as Error).message);
    } finally {
      await this.measure(sink).catch(() => undefined);
    }
  }

  private async feed(sink: RootSink): Promise<void> {
    for (let position = await sink.position(); ;) {
      const roots = await this.store.after(position, BATCH);
      const last = await this.store.last();
      if (position > last.number) throw new Error(`root ${position} is gone from the database`);
      if (roots.length === 0) return;
      await sink.append(roots);
      position = roots.at(-1)!.root.number;
    }
  }

  private note(name: string, error: string | null): void {
    this.states.set(name, { name, error, behind: this.states.get(name)?.behind ?? 0 });
  }

  private async measure(sink: RootSink): Promise<void> {
    const [{ number }, position] = [await this.store.last(), await sink.position()];
    const state = this.states.get(sink.name);
    if (state) this.states.set(sink.name, { ...state, behind: Math.max(0, number - position) });
  }
}
