import { JsonWriter } from '../json-writer';
import { layoutBytes, type EncodedRows, type LayoutBytes, type RowLayout } from '../row-layout';
import type { PgType } from './builtin-types';
import { cellWriter, throughCell, type CellWriter } from './cell-writer';
import type { WireRow } from './wire-row';

const jsonNull = Buffer.from('null');

/** Encodes the rows of a result; made once for its columns. */
export class RowsEncoder {
  readonly #writers: readonly CellWriter[];
  #layout: RowLayout | null = null;
  #pieces: LayoutBytes | null = null;
  /** Bytes of the last portion: the next one will be about as large. */
  #lastBytes = 0;

  constructor(private readonly types: readonly PgType[]) {
    this.#writers = types.map(cellWriter);
  }

  encode(rows: readonly WireRow[], layout: RowLayout): EncodedRows {
    if (this.#layout !== layout) {
      this.#layout = layout;
      this.#pieces = layoutBytes(layout);
    }
    const bytes =
      this.#write(rows, this.#writers) ??
      // PostgreSQL sends nothing but UTF-8; for others that speak its protocol, broken characters become U+FFFD, as in every other form of the result.
      this.#write(rows, this.types.map(throughCell))!;
    this.#lastBytes = bytes.length;
    return { bytes, count: rows.length };
  }

  #write(rows: readonly WireRow[], writers: readonly CellWriter[]): Buffer | null {
    const to = new JsonWriter(this.#lastBytes + (this.#lastBytes >> 3));
    const { open, before, close } = this.#pieces!;
    for (const { bytes, at } of rows) {
      to.raw(open);
      let next = at + 2;
      for (let index = 0; index < writers.length; index++) {
        const length = bytes.readInt32BE(next);
        next += 4;
        to.raw(before[index]!);
        if (length < 0) {
          to.raw(jsonNull);
        } else {
          writers[index]!(to, bytes, next, next + length);
          next += length;
        }
      }
      to.raw(close);
    }
    return to.take();
  }
}
