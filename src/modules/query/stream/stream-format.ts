import type { Row } from '../../../drivers/cell';
import type { RowLayout, RowMode } from '../../../drivers/row-layout';
import type { Problem } from '../../../http/problem';
import type { ResultColumn } from '../query-result';

/** A piece of a body; text goes as UTF-8. */
export type Chunk = string | Uint8Array;

/** What is known before the first row. */
export interface StreamHead {
  readonly queryId: string;
  readonly columns: readonly ResultColumn[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What is known behind the last row. */
export interface StreamSummary {
  readonly rowCount: number;
  /** Exact: there was a row behind the limit, or there was not. */
  readonly truncated: boolean;
  readonly executionTimeMs: number;
  /** SHA-256 of every byte of the body so far, before compression, in hexadecimal digits. */
  readonly sha256: string;
  /** Those of the end; a schemaless engine may have shown more of them than at the start. */
  readonly columns: readonly ResultColumn[];
}

/** A stream that broke off: rows were sent, and then something failed. */
export interface StreamFailure {
  readonly rowCount: number;
  readonly sha256: string;
  readonly problem: Problem;
}

interface EncoderEnds {
  /** Bytes before the first row. */
  head(): Chunk | Promise<Chunk>;
  end(summary: StreamSummary): Chunk | Promise<Chunk>;
  /** How a failure in mid-stream is told in the body. Without it the connection is reset: half a result is none. */
  failure?(failure: StreamFailure): Chunk;
  /** Lets go of what it holds when the stream breaks off. */
  abandon?(): void;
}

/** Writes rows in a form of its own. */
export interface RowsEncoder extends EncoderEnds {
  rows(rows: readonly Row[], columns: readonly ResultColumn[]): Chunk | Promise<Chunk>;
}

/** Writes rows as JSON text, which an engine may make of its bytes by itself. */
export interface LayoutEncoder extends EncoderEnds {
  layout(columns: readonly ResultColumn[]): RowLayout;
  /** Bytes at the beginning of a row which the first row does not have; 0 unless given. */
  readonly separator?: number;
}

/** Writes one result. */
export type StreamEncoder = RowsEncoder | LayoutEncoder;

/** What a caller may choose about a format; each format says in `options` which of them it knows. */
export interface StreamOptions {
  readonly rowMode: RowMode;
  /** Text of a missing value in CSV. */
  readonly null?: string;
  /** CSV: a header row; `true` unless said otherwise. */
  readonly header?: boolean;
  /** CSV: texts that a spreadsheet would run are written so that it does not. */
  readonly guard?: boolean;
  /** CSV: a byte order mark, without which spreadsheets take UTF-8 for something else. */
  readonly bom?: boolean;
}

export interface StreamFormat<Encoder extends StreamEncoder = StreamEncoder> {
  readonly contentType: string;
  /** Of the file that a browser saves; `null` for what programs read as it comes. */
  readonly extension: string | null;
  /** The columns stand at the start: what a schemaless engine shows later goes into one further column. */
  readonly fixedColumns: boolean;
  /** Compressed in itself: no content coding on top. */
  readonly compressed: boolean;
  readonly options: readonly (keyof StreamOptions)[];
  /**
   * Loads what the format needs.
   * @throws AppError `query.format_missing`
   */
  load(): Promise<(head: StreamHead, options: StreamOptions) => Encoder>;
}
