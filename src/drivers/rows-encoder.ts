import type { Row } from './cell';
import { JsonWriter } from './json-writer';
import { encodeRow, layoutBytes, type EncodedRows, type LayoutBytes, type RowLayout } from './row-layout';

const jsonNull = Buffer.from('null');

/** Rows in the form in which a server has sent them. */
export interface WireForm<Wire> {
  /** Writes the cells of a row, each behind its piece of `before`; `null` is what a missing value is written as. */
  write(to: JsonWriter, row: Wire, before: readonly Buffer[], jsonNull: Buffer): void;
  cells(row: Wire): Row;
}

/** Encodes the rows of a result; made once for its columns. */
export class RowsEncoder<Wire> {
  #layout: RowLayout | null = null;
  #pieces: LayoutBytes | null = null;
  /** Bytes of the last portion: the next one will be about as large. */
  #lastBytes = 0;

  constructor(private readonly form: WireForm<Wire>) {}

  encode(rows: readonly Wire[], layout: RowLayout): EncodedRows {
    if (rows.length === 0) return { bytes: Buffer.alloc(0), count: 0 };
    if (this.#layout !== layout) {
      this.#layout = layout;
      this.#pieces = layoutBytes(layout);
    }
    const bytes =
      this.#write(rows, this.#pieces!) ??
      // Broken characters become U+FFFD, as in every other form of the result.
      Buffer.from(rows.map((row) => encodeRow(this.form.cells(row), layout)).join(''));
    this.#lastBytes = bytes.length;
    return { bytes, count: rows.length };
  }

  /** `null` when something of it is no UTF-8. */
  #write(rows: readonly Wire[], { open, before, close }: LayoutBytes): Buffer | null {
    const to = new JsonWriter(this.#lastBytes + (this.#lastBytes >> 3));
    for (const row of rows) {
      to.raw(open);
      this.form.write(to, row, before, jsonNull);
      to.raw(close);
    }
    return to.take();
  }
}
