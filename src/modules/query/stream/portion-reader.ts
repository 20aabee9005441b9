import type { Row } from '../../../drivers/cell';
import { encodeRow } from '../../../drivers/row-layout';
import type { MaskedColumns } from '../../../sql/policy/rewriting';
import { isEncoding, type ReadableCursor } from '../collect-result';
import { resultColumns, type ResultColumn } from '../query-result';
import type { FoldedColumns } from './fold-columns';
import type { Chunk, StreamEncoder } from './stream-format';

/** Some rows of a stream as they are to be written; none at the end. */
export interface Portion {
  readonly count: number;
  readonly chunk: Chunk;
}

/** Takes rows from a cursor and gives them in the form of an encoder. */
export class PortionReader {
  #known: readonly ResultColumn[];
  #isFirst = true;

  constructor(
    private readonly cursor: ReadableCursor,
    private readonly masked: () => MaskedColumns,
    private readonly encoder: StreamEncoder,
    private readonly folded: FoldedColumns | null,
  ) {
    this.#known = resultColumns(cursor.columns, masked());
  }

  /** Of the result so far; those of a schemaless engine may grow. */
  get columns(): readonly ResultColumn[] {
    return this.folded?.columns ?? this.#known;
  }

  /** Up to `limit` rows that have arrived. */
  async next(limit: number): Promise<Portion> {
    const { cursor, encoder } = this;
    // Who does not look into the rows need not take them apart.
    if (!isEncoding(cursor) || !('layout' in encoder)) return this.encode(await cursor.read(limit, true));
    const { bytes, count } = await cursor.encode(encoder.layout(this.columns), limit, true);
    return { count, chunk: bytes.subarray(this.#skip(encoder.separator)) };
  }

  /** Rows that were read before. */
  async encode(rows: readonly Row[]): Promise<Portion> {
    const { cursor, encoder, folded } = this;
    const count = rows.length;
    if (count === 0) return { count, chunk: '' };
    if (this.#known.length !== cursor.columns.length)
      this.#known = resultColumns(cursor.columns, this.masked());
    if (!('layout' in encoder)) {
      const fitting = folded ? folded.fold(rows, this.#known) : rows;
      return { count, chunk: await encoder.rows(fitting, this.columns) };
    }
    const layout = encoder.layout(this.columns);
    let text = '';
    for (const row of rows) text += encodeRow(row, layout);
    return { count, chunk: text.slice(this.#skip(encoder.separator)) };
  }

  /** What stands between two rows does not stand before the first. */
  #skip(separator = 0): number {
    const skipped = this.#isFirst ? separator : 0;
    this.#isFirst = false;
    return skipped;
  }
}
