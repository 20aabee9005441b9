import { Injectable, Logger } from '@nestjs/common';
import { isAppError } from '../../../common/app-error';
import type { Caller } from '../../../common/principal';
import { driverFor } from '../../../drivers';
import { settledWithin } from '../../../drivers/settled-within';
import type { Cursor } from '../../../drivers/driver';
import { problemOf } from '../../../http/problem';
import { Admission } from '../admission';
import type { QueryRequestBody } from '../query-request';
import { isEncoding } from '../collect-json';
import { resultColumns } from '../query-result';
import type { Run, RunEnd } from '../run';
import { RunRecorder } from '../run-recorder';
import { StatementRunner } from '../statement-runner';
import { foldColumns } from './fold-columns';
import { PortionReader } from './portion-reader';
import type { ResponseSink } from './response-sink';
import type { StreamEncoder, StreamHead } from './stream-format';
import type { StreamOutput } from './stream-output';

/** Rows encoded at a time. */
const BATCH_ROWS = 1000;
/** What a compressor holds back is sent when the next rows let themselves be waited for longer than this. */
const FLUSH_AFTER_MS = 50;

/** A stream that has begun; what is known of it when it ends or breaks off. */
interface Progress {
  encoder: StreamEncoder | null;
  head: StreamHead | null;
  rowCount: number;
  columns: StreamHead['columns'];
}

/** Where a stream goes: the answer of a request, opened when the first rows are there. */
export interface StreamTarget {
  readonly sink: ResponseSink;
  /** Opens the answer. */
  readonly open: (head: StreamHead) => void;
  /** For the problem document of a stream that breaks off. */
  readonly requestId: string;
  readonly url: string;
  /** Aborts by itself when nobody reads any more. */
  readonly client: AbortController;
}

/** Passes results on as they come: the second consumer of cursors, beside the one that collects. */
@Injectable()
export class StreamService {
  private readonly logger = new Logger(StreamService.name);

  constructor(
    private readonly admission: Admission,
    private readonly runner: StatementRunner,
    private readonly recorder: RunRecorder,
  ) {}

  /**
   * The same way to a database as any statement: authorise the door → analyse → decide → record → execute → finish. Only
   * reads are streamed. The outcome is durable before the end of the stream is sent; a failure never looks like an end.
   * @throws AppError for what fails before the first row; afterwards the stream itself tells, or breaks off
   */
  async stream(
    caller: Caller,
    request: QueryRequestBody,
    output: StreamOutput,
    target: StreamTarget,
  ): Promise<void> {
    const createEncoder = await output.format.load();
    const run = await this.admission.admit(caller, { ...request, onlyReads: true, streamed: true });
    const { client, sink } = target;
    const progress: Progress = { encoder: null, head: null, rowCount: 0, columns: [] };
    try {
      const { end, outcome, recorded } = await this.runner.carryOut(run, client, (signal) =>
        this.runner.withCursor(
          run,
          signal,
          (cursor) => this.pump(run, cursor, output, createEncoder, target, progress, signal),
          { streamed: true },
        ),
      );
      // What is not durable did not happen; `settled` has it written now rather than with the next commit.
      await Promise.all([recorded, this.recorder.settled()]);
      const { encoder, columns } = progress;
      const { rowCount, truncated } = end;
      const { executionTimeMs } = outcome;
      const sha256 = sink.digest();
      sink.push(await encoder!.end({ rowCount, truncated, executionTimeMs, sha256, columns }));
      await sink.end(rowCount, truncated ? 'truncated' : 'success');
    } catch (error) {
      progress.encoder?.abandon?.();
      if (!sink.started) throw error;
      await this.breakOff(error, progress, target);
    }
  }

  private async pump(
    run: Run,
    cursor: Cursor,
    output: StreamOutput,
    createEncoder: Awaited<ReturnType<StreamOutput['format']['load']>>,
    { sink, open }: StreamTarget,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<RunEnd> {
    const { maxRows } = run.limits;
    const { maskedColumns } = run.plan;
    const portionRows = (): number => Math.min(BATCH_ROWS, maxRows - progress.rowCount);
    const { capabilities } = (await driverFor(run.connection.type)).description;
    // Elsewhere the columns are known with the first rows.
    const first = isEncoding(cursor) ? null : await cursor.read(portionRows(), true);
    const known = resultColumns(cursor.columns, maskedColumns);
    const folded = output.format.fixedColumns && capabilities.schemaless ? foldColumns(known) : null;
    const head: StreamHead = {
      queryId: run.id,
      columns: folded?.columns ?? known,
      metadata: {
        connectionId: run.connection.id,
        engine: run.connection.type,
        statement: run.facts.kind,
      },
    };
    const encoder = createEncoder(head, output.options);
    progress.encoder = encoder;
    const reader = new PortionReader(cursor, maskedColumns, encoder, folded);
    let portion = first ? await reader.encode(first) : await reader.next(portionRows());
    open(head);
    await sink.write(await encoder.head(), signal);
    let truncated = false;
    while (portion.count > 0) {
      progress.rowCount += portion.count;
      await sink.write(portion.chunk, signal);
      if (progress.rowCount >= maxRows) {
        truncated = (await cursor.read(1, true)).length > 0;
        break;
      }
      const next = reader.next(portionRows());
      if ((await settledWithin(next, FLUSH_AFTER_MS)) === 'pending') sink.flush();
      portion = await next;
    }
    progress.columns = reader.columns;
    return { rowCount: progress.rowCount, truncated, cached: false };
  }

  /** Tells of a failure in the stream where its format has a place for it, and breaks the connection elsewhere. */
  private async breakOff(
    error: unknown,
    { encoder, rowCount }: Progress,
    target: StreamTarget,
  ): Promise<void> {
    const { sink, requestId, url } = target;
    const { problem } = problemOf(error, requestId, url);
    if (!isAppError(error)) this.logger.error({ err: error, requestId }, 'a stream broke off');
    try {
      await this.recorder.settled();
    } catch {
      // That the record cannot be written does not change what the client is told.
    }
    if (!encoder?.failure) return sink.cut();
    sink.push(encoder.failure({ rowCount, sha256: sink.digest(), problem }));
    await sink.end(rowCount, problem.code);
  }
}
