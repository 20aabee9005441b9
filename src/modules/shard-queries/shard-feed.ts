import type { Column, Row } from '../../drivers/cell';
import type { Cursor } from '../../drivers/driver';
import { Waiters } from '../../drivers/waiters';
import type { RunEnd } from '../query/run';
import type { Part } from './merge/part';

const BATCH_ROWS = 1000;
/** Rows of one shard that wait here for their turn; then the shard waits. */
const MAX_AHEAD = 1000;

/** The rows of one run on their way from its cursor to the merge: one side pours, the other reads. */
export class ShardFeed implements Part {
  columns: readonly Column[] = [];
  /** Rows that were taken from the shard. */
  rowCount = 0;
  private readonly waiters = new Waiters();
  private queue: Row[][] = [];
  private ahead = 0;
  private isReady = false;
  private isEnded = false;
  private isResting = false;
  private isStopped = false;
  private interruption: { readonly error: unknown } | null = null;
  private failure: { readonly error: unknown } | null = null;

  /** Reads the cursor to its end, never far ahead of the merge. */
  async pour(cursor: Cursor): Promise<RunEnd> {
    for (;;) {
      const rows = await cursor.read(BATCH_ROWS, true);
      this.columns = cursor.columns;
      this.isReady = true;
      this.isEnded = rows.length === 0;
      if (!this.isEnded) this.queue.push(rows);
      this.ahead += rows.length;
      this.rowCount += rows.length;
      this.waiters.notify();
      if (this.isEnded) return this.end(false);
      this.isResting = true;
      await this.waiters.until(() => this.ahead < MAX_AHEAD || this.isStopped || this.interruption !== null);
      this.isResting = false;
      if (this.isStopped) return this.end(true);
      if (this.interruption) throw this.interruption.error;
    }
  }

  /** Whoever reads gets the error. The first one counts. */
  fail(error: unknown): void {
    this.failure ??= { error };
    this.waiters.notify();
  }

  /** Whoever pours stops waiting for whoever reads; what became of the run is still to be told. */
  interrupt(error: unknown): void {
    this.interruption ??= { error };
    this.waiters.notify();
  }

  /**
   * Nobody reads any more.
   * @returns whether `pour` ends by itself: it is at its end, or waits for its turn. Otherwise it waits for the database
   */
  stop(): boolean {
    this.isStopped = true;
    this.waiters.notify();
    return this.isResting || this.isEnded;
  }

  async ready(): Promise<void> {
    await this.waiters.until(() => this.isReady || this.failure !== null);
    if (this.failure) throw this.failure.error;
  }

  async read(): Promise<readonly Row[]> {
    await this.waiters.until(() => this.queue.length > 0 || this.isEnded || this.failure !== null);
    if (this.failure) throw this.failure.error;
    const rows = this.queue.shift() ?? [];
    this.ahead -= rows.length;
    this.waiters.notify();
    return rows;
  }

  private end(truncated: boolean): RunEnd {
    return { rowCount: this.rowCount, truncated, bytes: null, cached: false };
  }
}
