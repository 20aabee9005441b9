import type { Column, Row } from '../cell';
import type { Cursor } from '../driver';
import { DocumentTable, type Document } from './encode-documents';
import type { RunningOperation } from './running-operation';

/** Documents as rows, portion by portion as the server sends them. */
export class MongoCursor implements Cursor {
  readonly #table = new DocumentTable();
  #buffer: Row[] = [];
  #done: boolean;

  constructor(
    private readonly running: RunningOperation,
    first: readonly Document[],
    readonly affectedRows: number | null,
    /** Rows that the caller reads at most, one more included. */
    private left: number | null,
  ) {
    this.#done = running.cursor === null;
    this.#take(first);
    this.#settle();
  }

  get columns(): readonly Column[] {
    return this.#table.columns;
  }

  async read(limit: number, soon = false): Promise<Row[]> {
    await this.running.requireRunning();
    while (this.#buffer.length < (soon ? 1 : limit) && !this.#done) {
      const next = await this.running.exchange(() => this.running.cursor?.next() ?? Promise.resolve(null));
      const documents =
        next === null ? [] : [next as Document, ...(this.running.cursor?.readBufferedDocuments() ?? [])];
      this.#take(documents as Document[]);
      if (next === null) this.#done = true;
      this.#settle();
    }
    return this.#buffer.length <= limit ? this.#buffer.splice(0) : this.#buffer.splice(0, limit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#done = true;
    this.#buffer = [];
    await this.running.abandon();
  }

  #take(documents: readonly Document[]): void {
    const rows = this.#table.encode(documents);
    this.#buffer = this.#buffer.length === 0 ? rows : this.#buffer.concat(rows);
    if (this.left === null) return;
    this.left -= rows.length;
    if (this.left <= 0) this.#done = true;
  }

  /** Lets go of the server as soon as it has nothing more: a cursor with id 0 is closed there already. */
  #settle(): void {
    const id = this.running.cursor?.id;
    if (id !== undefined && id !== null && id.isZero()) this.#done = true;
    if (!this.#done) return;
    if (this.running.cursor === null || id?.isZero()) this.running.finish();
    else void this.running.abandon();
  }
}
