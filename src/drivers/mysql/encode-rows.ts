import { JsonWriter } from '../json-writer';
import { encodeRow, layoutBytes, type EncodedRows, type LayoutBytes, type RowLayout } from '../row-layout';
import type { Cell } from '../cell';
import { cellWriter, type CellWriter } from './cell-writer';
import type { WireColumn } from './column-type';
import { enterRow, isNull, type WirePacket, type WireRow } from './wire-row';

const jsonNull = Buffer.from('null');

/** Encodes the rows of a result of the binary protocol; made once for its columns. */
export class RowsEncoder {
  readonly #writers: readonly CellWriter[];
  #layout: RowLayout | null = null;
  #pieces: LayoutBytes | null = null;
  /** Bytes of the last portion: the next one will be about as large. */
  #lastBytes = 0;

  constructor(
    columns: readonly WireColumn[],
    private readonly packet: WirePacket,
    private readonly cellsOf: (row: WireRow) => readonly Cell[],
  ) {
    this.#writers = columns.map(cellWriter);
  }

  encode(rows: readonly WireRow[], layout: RowLayout): EncodedRows {
    if (this.#layout !== layout) {
      this.#layout = layout;
      this.#pieces = layoutBytes(layout);
    }
    const bytes =
      this.#write(rows, this.#pieces!) ??
      // Broken characters become U+FFFD, as in every other form of the result.
      Buffer.from(rows.map((row) => encodeRow(this.cellsOf(row), layout)).join(''));
    this.#lastBytes = bytes.length;
    return { bytes, count: rows.length };
  }

  #write(rows: readonly WireRow[], { open, before, close }: LayoutBytes): Buffer | null {
    const writers = this.#writers;
    const to = new JsonWriter(this.#lastBytes + (this.#lastBytes >> 3));
    const { packet } = this;
    for (const row of rows) {
      const bitmap = enterRow(packet, row, writers.length);
      to.raw(open);
      for (let index = 0; index < writers.length; index++) {
        to.raw(before[index]!);
        if (isNull(row.buffer, bitmap, index)) to.raw(jsonNull);
        else writers[index]!(to, packet);
      }
      to.raw(close);
    }
    return to.take();
  }
}
