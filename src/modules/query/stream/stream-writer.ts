import { Logger } from '@nestjs/common';
import { isAppError } from '../../../common/app-error';
import { settledWithin } from '../../../drivers/settled-within';
import { problemOf } from '../../../http/problem';
import type { MaskedColumns } from '../../../sql/policy/rewriting';
import { isEncoding, type ReadableCursor } from '../collect-result';
import { resultColumns } from '../query-result';
import type { Run, RunEnd } from '../run';
import { foldColumns } from './fold-columns';
import { PortionReader } from './portion-reader';
import type { StreamEncoder, StreamHead } from './stream-format';
import type { StreamOutput } from './stream-output';
import type { StreamSink } from './stream-sink';

/** Rows encoded at a time. */
const BATCH_ROWS = 1000;
/** What a compressor holds back is sent when the next rows let themselves be waited for longer than this. */
const FLUSH_AFTER_MS = 50;

/** Where a stream goes: the answer of a request or a file, opened when the first rows are there. */
export interface StreamTarget {
  readonly sink: StreamSink;
  /** Opens the answer. */
  readonly open: (head: StreamHead) => void;
  /** For the problem document of a stream that breaks off. */
  readonly requestId: string;
  readonly url: string;
  /** Aborts by itself when nobody reads any more. */
  readonly client: AbortController;
  /** Told of the run once its intent is committed. */
  readonly onAdmitted?: (run: Run) => void;
  /** Told how many rows are written so far. */
  readonly onRows?: (rowCount: number) => void;
}

/** What there is to say of rows before the first of them. */
export interface StreamedRows extends Omit<StreamHead, 'columns'> {
  /** Asked when the columns are known: a plan may have been made again by then. */
  readonly masked: () => MaskedColumns;
  /** The columns may grow while the rows are read. */
  readonly schemaless: boolean;
  readonly maxRows: number;
}

/** Writes the rows of one answer in its format, and says at the end how it ended. */
export class StreamWriter {
  private readonly logger = new Logger(StreamWriter.name);
  private encoder: StreamEncoder | null = null;
  private rowCount = 0;
  private columns: StreamHead['columns'] = [];

  private constructor(
    private readonly createEncoder: Awaited<ReturnType<StreamOutput['format']['load']>>,
    private readonly output: StreamOutput,
    private readonly target: StreamTarget,
  ) {}

  /** @throws AppError `query.format_missing` */
  static async load(output: StreamOutput, target: StreamTarget): Promise<StreamWriter> {
    return new StreamWriter(await output.format.load(), output, target);
  }

  /** Passes the rows on as they come; the socket of the reader holds back the cursor. */
  async pump(
    cursor: ReadableCursor,
    { masked, schemaless, maxRows, ...about }: StreamedRows,
    signal: AbortSignal,
  ): Promise<RunEnd> {
    const { sink, open } = this.target;
    const portionRows = (): number => Math.min(BATCH_ROWS, maxRows - this.rowCount);
    // Elsewhere the columns are known with the first rows.
    const first = isEncoding(cursor) ? null : await cursor.read(portionRows(), true);
    const known = resultColumns(cursor.columns, masked());
    const folded = this.output.format.fixedColumns && schemaless ? foldColumns(known) : null;
    const head: StreamHead = {
      queryId: about.queryId,
      columns: folded?.columns ?? known,
      metadata: about.metadata,
    };
    const encoder = this.createEncoder(head, this.output.options);
    this.encoder = encoder;
    const reader = new PortionReader(cursor, masked, encoder, folded);
    let portion = first ? await reader.encode(first) : await reader.next(portionRows());
    open(head);
    await sink.write(await encoder.head(), signal);
    let truncated = false;
    while (portion.count > 0) {
      this.rowCount += portion.count;
      await sink.write(portion.chunk, signal);
      this.target.onRows?.(this.rowCount);
      if (this.rowCount >= maxRows) {
        truncated = (await cursor.read(1, true)).length > 0;
        break;
      }
      const next = reader.next(portionRows());
      if ((await settledWithin(next, FLUSH_AFTER_MS)) === 'pending') sink.flush();
      portion = await next;
    }
    this.columns = reader.columns;
    return { rowCount: this.rowCount, bytes: sink.bytes, truncated, cached: false };
  }

  /** To be called when the outcome is durable. */
  async end({ rowCount, truncated }: RunEnd, executionTimeMs: number): Promise<void> {
    const { sink } = this.target;
    const { columns } = this;
    const sha256 = sink.digest();
    sink.push(await this.encoder!.end({ rowCount, truncated, executionTimeMs, sha256, columns }));
    await sink.end(rowCount, truncated ? 'truncated' : 'success');
  }

  /**
   * Tells of a failure in the stream where its format has a place for it, and breaks the connection elsewhere.
   * @throws the error itself while nothing was sent
   */
  async breakOff(error: unknown, settled: () => Promise<void>): Promise<void> {
    const { sink, requestId, url } = this.target;
    this.encoder?.abandon?.();
    if (!sink.started) throw error;
    const { problem } = problemOf(error, requestId, url);
    if (!isAppError(error)) this.logger.error({ err: error, requestId }, 'a stream broke off');
    try {
      await settled();
    } catch {
      // That the record cannot be written does not change what the client is told.
    }
    if (!this.encoder?.failure) return sink.cut();
    sink.push(this.encoder.failure({ rowCount: this.rowCount, sha256: sink.digest(), problem }));
    await sink.end(this.rowCount, problem.code);
  }
}
