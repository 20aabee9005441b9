/** Bytes of rows that may wait in memory while nobody reads; beyond that the socket is paused. */
export const highWaterBytes = 4 * 1024 * 1024;

/** Rows that have arrived and were not read yet, with their size on the wire. */
export class RowBuffer<Raw> {
  #rows: Raw[] = [];
  #next = 0;
  #bytes = 0;

  get length(): number {
    return this.#rows.length - this.#next;
  }

  get full(): boolean {
    return this.#bytes > highWaterBytes;
  }

  push(row: Raw, bytes: number): void {
    this.#rows.push(row);
    this.#bytes += bytes;
  }

  /** The oldest rows, at most `limit` of them. */
  take(limit: number): Raw[] {
    const all = this.length;
    if (limit >= all) {
      const rows = this.#next === 0 ? this.#rows : this.#rows.slice(this.#next);
      this.clear();
      return rows;
    }
    const rows = this.#rows.slice(this.#next, this.#next + limit);
    this.#next += limit;
    // sizes of single rows are not kept: what leaves is taken to be of average size
    this.#bytes -= (this.#bytes * limit) / all;
    // Soon, because rows that are kept here for longer than they are used outlive the young generation.
    if (this.#next * 2 > this.#rows.length) {
      this.#rows = this.#rows.slice(this.#next);
      this.#next = 0;
    }
    return rows;
  }

  clear(): void {
    this.#rows = [];
    this.#next = 0;
    this.#bytes = 0;
  }
}
