import type { EventEmitter } from 'node:events';
import type { EncodedRows, RowLayout } from '../row-layout';
import { AppError } from '../../common/app-error';
import type { Column, Row } from '../cell';
import type { QueryRequest } from '../driver';
import type { RunningStatement } from '../pooled-source';
import { RowBuffer } from '../row-buffer';
import { encodeRow } from '../row-layout';
import { RowGuard, rowTooLarge } from '../row-guard';
import { settledWithin } from '../settled-within';
import { Waiters } from '../waiters';
import { checkExpectations } from './check-expectations';
import { writeTooLarge } from '../write-too-large';
import { cellReader, type CellReader, type WireValue } from './cell-reader';
import { describeColumn, type WireColumn } from './column-type';
import { executeOptions } from './execute-options';
import { killedWithinMs, killUntilEnded } from './kill-until-ended';
import { isFatal, isServerError, mapStatementError } from './map-error';
import type { RowsEncoder } from '../rows-encoder';
import { rowsEncoder } from './encode-rows';
import type { MysqlSession } from './session';
import { readValues, valueReader, WireRow, type ValueReader, type WirePacket } from './wire-row';
import { highWaterRows, sizeOf as sizeOfValues } from './decoded-row';

/** What is left of a result is thrown away rather than killed when it ends within this time. */
const drainMs = 10;
/** How much later than the server's own limit the driver ends what has none (everything but SELECT in MySQL). */
const limitGraceMs = 500;

/** As the server has sent it, or read by the library. */
type ReceivedRow = WireRow | WireValue[];

type State = 'running' | 'complete' | 'over';

/** The server has no prepared form of the statement (ER_UNSUPPORTED_PS). */
const unsupportedPrepared = 1295;

/**
 * A statement in a transaction of its own. It is prepared and executed even without parameters: only the binary
 * protocol gives FLOAT in full, and neither takes a second statement.
 */
export class MysqlStatement implements RunningStatement {
  columns: readonly Column[] = [];
  affectedRows: number | null = null;
  /** Whether the server has answered anything: until then nothing can have had an effect. */
  answered = false;
  readonly #rows = new RowBuffer<ReceivedRow>();
  #fields: readonly WireColumn[] = [];
  #readers: readonly CellReader[] | null = null;
  #valueReaders: readonly ValueReader[] | null = null;
  #encoder: RowsEncoder<WireRow> | null = null;
  /** The library's reader of rows, for those that were kept. */
  #packet: WirePacket | null = null;
  #state: State = 'running';
  #error: AppError | null = null;
  #stopped: Promise<void> | null = null;
  #changed: number | null = null;
  #received = 0;
  #committing = false;
  #killed = false;
  #sick = false;
  #wanted = 1;
  readonly #waiters = new Waiters();
  #timer: NodeJS.Timeout | undefined;
  #guard: RowGuard | null = null;

  constructor(
    private readonly session: MysqlSession,
    private readonly request: QueryRequest,
    private readonly values: readonly unknown[],
    /** Called once, when the session has been given back or closed. */
    private readonly done: () => void,
  ) {}

  get unanswered(): boolean {
    return this.#error?.code === 'connection.lost' && !this.answered;
  }

  /** Resolves when the columns are known and the first row has arrived or there is none; rejects if it fails before. */
  async begin(): Promise<void> {
    this.session.connection.on('error', this.#onLost);
    this.#guard = this.session.guardRows(() => this.#onLost(rowTooLarge()));
    this.#timer = setTimeout(
      () => void this.stop(new AppError('query.timeout')),
      Math.min(this.request.timeoutMs + limitGraceMs, 2 ** 31 - 1),
    );
    try {
      await this.session.limit(this.request.timeoutMs);
      await this.session.run(
        `START TRANSACTION ${this.request.access === 'write' ? 'READ WRITE' : 'READ ONLY'}`,
      );
      this.answered = true;
      const { expects = [] } = this.request;
      if (expects.length > 0 && !this.#stopped) await checkExpectations(this.session, expects);
      if (this.#stopped) this.#complete();
      else this.#execute();
    } catch (error) {
      this.#fail(error);
    }
    await this.#waiters.until(() => this.#rows.length > 0 || this.#state !== 'running');
    await this.#check();
  }

  async read(limit: number, soon = false): Promise<Row[]> {
    return (await this.#pull(limit, soon)).map((row) => this.#cellsOf(row));
  }

  async encode(layout: RowLayout, limit: number, soon = false): Promise<EncodedRows> {
    const rows = await this.#pull(limit, soon);
    if (this.#packet === null) {
      const text = rows.map((row) => encodeRow(this.#cellsOf(row), layout)).join('');
      return { bytes: Buffer.from(text), count: rows.length };
    }
    this.#encoder ??= rowsEncoder(this.#fields, this.#packet, (row) => this.#cellsOf(row));
    return this.#encoder.encode(rows as WireRow[], layout);
  }

  #cellsOf(row: ReceivedRow): Row {
    this.#readers ??= this.#fields.map(cellReader);
    this.#valueReaders ??= this.#fields.map(valueReader);
    const readers = this.#readers;
    const values = Array.isArray(row) ? row : readValues(this.#packet!, row, this.#valueReaders);
    return values.map((value, index) => (value === null ? null : (readers[index]?.(value) ?? null)));
  }

  async #pull(limit: number, soon: boolean): Promise<ReceivedRow[]> {
    const wanted = soon ? 1 : limit;
    this.#wanted = wanted;
    await this.#check();
    if (this.#rows.length < wanted && this.#state === 'running') {
      this.session.resume();
      await this.#waiters.until(() => this.#rows.length >= wanted || this.#state !== 'running');
      await this.#check();
    }
    if (this.#rows.length < limit && this.#state === 'complete') await this.#commit();
    const rows = this.#rows.take(limit);
    if (this.#state === 'running' && this.#rows.length < highWaterRows) this.session.resume();
    return rows;
  }

  /**
   * Stops the statement on the server; resolves when the server has confirmed. Further reads fail with `reason`,
   * except for a write that is being committed: that is not undone.
   */
  async stop(reason: AppError | null): Promise<void> {
    if (this.#error || (this.#state === 'over' && reason === null)) return;
    this.#stopped ??= this.#stop(reason);
    await this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(null);
  }

  readonly #onLost = (error: unknown): void => {
    this.#sick = true;
    this.#fail(error);
  };

  #execute(): void {
    const options = executeOptions(this.request.text, this.values);
    const command = this.session.connection.execute(options) as unknown as RowCommand;
    // The library would make a value of each cell; most of them only pass through.
    const keep = (packet: WirePacket): WireRow => {
      this.#packet ??= packet.clone();
      return new WireRow(packet.buffer, packet.offset, packet.end);
    };
    command.buildParserFromFields = () =>
      class {
        readonly next = keep;
      };
    this.#listen(command, (error) => {
      if (!isServerError(error) || error.errno !== unsupportedPrepared || this.values.length > 0)
        return this.#fail(error);
      this.#listen(this.session.connection.query(options), (second) => this.#fail(second));
    });
  }

  #listen(command: EventEmitter, onError: (error: unknown) => void): void {
    let failed = false;
    let results = 0;
    command.on('error', (error: unknown) => {
      failed = true;
      onError(error);
    });
    command.on('fields', (fields: readonly WireColumn[] | undefined) => {
      this.#guard?.progress();
      results += 1;
      if (results > 1 || !fields) return;
      this.columns = fields.map(describeColumn);
      this.#fields = fields;
    });
    command.on('result', (row: ReceivedRow | { affectedRows: number | string }) => {
      this.#guard?.progress();
      if ('affectedRows' in row) this.#changed ??= Number(row.affectedRows);
      // a procedure may give several results; the first one is the answer
      else if (results === 1) this.#take(row);
    });
    command.on('end', () => {
      if (!failed) this.#complete();
    });
  }

  #take(row: ReceivedRow): void {
    if (this.#stopped) return;
    this.#received += 1;
    this.#rows.push(row, sizeOf(row));
    if (this.#rows.length >= this.#wanted) this.#waiters.notify();
    const full = this.#rows.full || this.#rows.length >= Math.max(highWaterRows, this.#wanted);
    if (full && this.#waiters.none) this.session.pause();
  }

  #complete(): void {
    if (this.#state !== 'running') return;
    this.#state = 'complete';
    // All rows have come, and may have filled the buffer: what comes next is the answer to COMMIT.
    this.session.resume();
    if (this.request.access === 'read' && !this.#stopped) void this.#finish('ROLLBACK');
    this.#waiters.notify();
  }

  #fail(error: unknown): void {
    if (this.#state === 'over') return;
    if (isFatal(error)) this.#sick = true;
    const late = this.#state === 'complete' && this.request.access === 'read';
    if (!late && !this.#stopped) this.#error ??= this.#mapped(error);
    this.#state = 'complete';
    if (!this.#stopped) void this.#finish('ROLLBACK');
    this.#waiters.notify();
  }

  #mapped(error: unknown): AppError {
    return mapStatementError(error, (this.request.expects ?? []).length > 0);
  }

  async #commit(): Promise<void> {
    if (this.request.access === 'read') return;
    const { maxChangedRows = Infinity } = this.request;
    // INSERT … RETURNING answers with the rows instead of their number
    if ((this.#changed ?? this.#received) > maxChangedRows) {
      this.#error = writeTooLarge(maxChangedRows);
      void this.#finish('ROLLBACK');
      throw this.#error;
    }
    this.#committing = true;
    try {
      await this.session.run('COMMIT');
      this.affectedRows = this.#changed ?? 0;
    } catch (error) {
      this.#error ??= this.#mapped(error);
    } finally {
      void this.#finish(null);
      this.#committing = false;
      this.#waiters.notify();
    }
    if (this.#error) throw this.#error;
  }

  /** Ends the transaction and gives the session back, once. */
  async #finish(end: 'ROLLBACK' | null): Promise<void> {
    if (this.#state === 'over') return;
    this.#state = 'over';
    clearTimeout(this.#timer);
    this.#guard?.close();
    this.session.resume();
    const clean =
      !this.#sick &&
      (end === null || (await settledWithin(this.session.run(end), killedWithinMs)) !== 'pending');
    this.session.connection.off('error', this.#onLost);
    const wrote = this.request.access === 'write';
    // COM_RESET_CONNECTION rolls back too, should ROLLBACK have been killed
    if (clean && (await this.session.reset({ killed: this.#killed, wrote }))) this.session.release();
    else this.session.destroy();
    this.done();
  }

  async #stop(reason: AppError | null): Promise<void> {
    if (this.#committing) return this.#waiters.until(() => !this.#committing);
    const ended = this.#waiters.until(() => this.#state !== 'running');
    this.#rows.clear();
    // What is on its way must not keep the process from giving the order to stop.
    if (reason === null) this.session.resume();
    else if (this.#state === 'running') this.session.pause();
    if (reason !== null || (await settledWithin(ended, drainMs)) === 'pending') await this.#kill(ended);
    this.#error = reason ?? new AppError('query.cancelled', 'The cursor is closed.');
    void this.#finish('ROLLBACK');
    this.#waiters.notify();
  }

  /** Kills until the statement ends; a session whose statement does not end is closed. */
  async #kill(ended: Promise<void>): Promise<void> {
    if (this.#state !== 'running') return;
    this.#killed = true;
    await killUntilEnded(this.session, ended);
    if (this.#state === 'running') this.#sick = true;
  }

  async #check(): Promise<void> {
    if (this.#stopped && !this.#committing) await this.#stopped;
    if (this.#error) throw this.#error;
  }
}

/** A command of mysql2 that has it read rows by what is made here; its types do not tell. */
interface RowCommand extends EventEmitter {
  buildParserFromFields: () => new () => { next(packet: WirePacket): WireRow };
}

function sizeOf(row: ReceivedRow): number {
  return Array.isArray(row) ? sizeOfValues(row) : row.end - row.offset;
}
