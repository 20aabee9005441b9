import { abortError, type StopReason } from '../../drivers/abort';
import type { Run, RunEnd } from '../query/run';
import type { CarriedOut, StatementRunner } from '../query/statement-runner';
import type { Shard } from '../shards/shard-map';
import { ShardFeed } from './shard-feed';

/** The run of one shard for an answer over all: admitted, begun when it is its turn, and recorded whatever becomes of it. */
export class ShardFlight {
  readonly feed = new ShardFeed();
  /** Resolves when the run is over; `null` when it failed. */
  readonly over: Promise<CarriedOut<RunEnd> | null>;
  private readonly controller = new AbortController();
  private begin: () => void = () => undefined;

  constructor(
    readonly shard: Shard,
    readonly run: Run,
    private readonly runner: StatementRunner,
    onFailure: (flight: ShardFlight, error: unknown) => void,
  ) {
    const { signal } = this.controller;
    signal.addEventListener('abort', () => this.feed.interrupt(abortError(signal)), { once: true });
    const begun = new Promise<void>((resolve) => {
      this.begin = resolve;
    });
    this.over = begun
      .then(() => this.carryOut())
      .catch((error: unknown) => {
        this.feed.fail(error);
        onFailure(this, error);
        return null;
      });
  }

  start(): void {
    this.begin();
  }

  /** Stops the statement on the server; one that has not begun ends without being sent. */
  abort(reason: unknown): void {
    this.controller.abort(reason);
    this.begin();
  }

  /** Its rows are not needed any more. */
  finish(): void {
    if (!this.feed.stop()) this.abort('cancelled' satisfies StopReason);
  }

  private carryOut(): Promise<CarriedOut<RunEnd>> {
    return this.runner.carryOut(this.run, this.controller, async (signal) => {
      if (signal.aborted) throw abortError(signal);
      return this.runner.withCursor(this.run, signal, (cursor) => this.feed.pour(cursor), { streamed: true });
    });
  }
}

/** Begins `atOnce` of them, and one more whenever one is over. */
export function startInTurns(flights: readonly ShardFlight[], atOnce: number): void {
  let next = 0;
  const start = (): void => {
    const flight = flights[next++];
    if (!flight) return;
    flight.start();
    void flight.over.then(start);
  };
  for (let count = 0; count < atOnce; count += 1) start();
}
