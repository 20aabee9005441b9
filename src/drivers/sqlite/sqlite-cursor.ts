import { RawJson, type Cell, type Column, type Row } from '../cell';
import type { Cursor } from '../driver';
import type { Batch, Replies, WireRow } from './protocol';
import type { SessionLease } from './session-lease';

/** Rows out of a child process, a batch at a time and only when they are asked for. */
export class SqliteCursor implements Cursor {
  readonly columns: readonly Column[];
  affectedRows: number | null = null;
  #buffer: Row[] = [];
  #done = false;

  constructor(
    private readonly lease: SessionLease,
    first: Replies['query'],
    private readonly counts: boolean,
  ) {
    this.columns = first.columns;
    this.#take(first);
  }

  async read(limit: number, soon = false): Promise<Row[]> {
    if (this.lease.stopped) {
      await this.lease.stop(this.lease.stopped);
      throw this.lease.stopped;
    }
    while (this.#buffer.length < (soon ? 1 : limit) && !this.#done) {
      this.#take(await this.lease.ask({ op: 'read', limit: limit - this.#buffer.length }));
    }
    return this.#buffer.length <= limit ? this.#buffer.splice(0) : this.#buffer.splice(0, limit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#done = true;
    this.#buffer = [];
    await this.lease.abandon();
  }

  #take(batch: Batch): void {
    const rows: readonly Row[] = batch.raw ? batch.rows.map(revive) : (batch.rows as readonly Row[]);
    this.#buffer = this.#buffer.length === 0 ? [...rows] : this.#buffer.concat(rows);
    if (!batch.done) return;
    this.#done = true;
    this.affectedRows = this.counts ? batch.affectedRows : null;
    this.lease.release();
  }
}

function revive(row: WireRow): Row {
  return row.map((cell): Cell => (typeof cell === 'object' && cell !== null ? new RawJson(cell.raw) : cell));
}
