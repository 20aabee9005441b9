import { randomBytes } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { AppError } from '../../common/app-error';
import type { Column, Row } from '../cell';
import { chooseOverload } from '../choose-overload';
import { procedureFailure } from '../procedure-failure';
import type { RunningCall } from '../pooled-source';
import {
  maxResultSets,
  type CallRequest,
  type OutValues,
  type ProcedureDescription,
  type ResultSet,
} from '../procedure';
import { RowBuffer } from '../row-buffer';
import { RowGuard, rowTooLarge } from '../row-guard';
import { settledWithin } from '../settled-within';
import { Waiters } from '../waiters';
import { writeTooLarge } from '../write-too-large';
import { callText, outColumn, type BoundText, type MysqlCallText } from './call-text';
import { cellReader, type CellReader, type WireValue } from './cell-reader';
import { checkExpectations } from './check-expectations';
import { describeColumn, type WireColumn } from './column-type';
import { parametersQuery, readProcedures, routinesQuery, type MysqlProcedure } from './describe-procedures';
import { executeOptions } from './execute-options';
import { killedWithinMs, killUntilEnded } from './kill-until-ended';
import { isFatal, isServerError, mapStatementError } from './map-error';
import type { MysqlSession } from './session';
import { highWaterRows, sizeOf } from './decoded-row';

/** How much later than the server's own limit, which is one for each statement of a procedure, the driver ends the call. */
const limitGraceMs = 500;
/** XAER_RMFAIL: the transaction that it is in cannot be ended like this. */
const endsTransaction = 1399;

/** Rows that storage engines have written for the session, triggers and cascades included. */
const changedRowsQuery =
  "SHOW SESSION STATUS WHERE variable_name IN ('Handler_write', 'Handler_update', 'Handler_delete')";

/** A result as it arrives. */
interface Arriving {
  readonly wire: readonly WireColumn[];
  readonly columns: readonly Column[];
  readonly readers: readonly CellReader[];
  readonly rows: RowBuffer<WireValue[]>;
  ended: boolean;
  /** What comes is thrown away. */
  skipped: boolean;
}

/**
 * A call in a transaction of its own. It is an XA transaction, committed in one phase: an ordinary one ends with the first
 * COMMIT, START TRANSACTION or definition inside of the procedure, and what comes behind would write whatever the
 * transaction was; an XA transaction refuses all of them (MySQL manual, "XA Transaction States"). Its name is random, so that
 * no procedure knows how to end it.
 */
export class MysqlCall implements RunningCall {
  procedure!: ProcedureDescription;
  out: OutValues = { columns: [], row: [] };
  affectedRows: number | null = null;
  readonly #xid = `'${randomBytes(16).toString('hex')}'`;
  readonly #waiters = new Waiters();
  #results: Arriving[] = [];
  #arrived = 0;
  #current: Arriving | null = null;
  #text: MysqlCallText | null = null;
  /** The server works on something. */
  #busy = true;
  /** The procedure has come to its end. */
  #called = false;
  #over = false;
  #answered = false;
  #error: AppError | null = null;
  #stopped: Promise<void> | null = null;
  #committing = false;
  #killed = false;
  #sick = false;
  #begun = false;
  #changedBefore = 0;
  #timer: NodeJS.Timeout | undefined;
  #guard: RowGuard | null = null;

  constructor(
    private readonly session: MysqlSession,
    private readonly request: CallRequest,
    /** Called once, when the session has been given back or closed. */
    private readonly done: () => void,
  ) {}

  get unanswered(): boolean {
    return this.#error?.code === 'connection.lost' && !this.#answered;
  }

  /** Resolves when the first result has arrived, or the procedure has come to its end. */
  async begin(): Promise<void> {
    this.session.connection.on('error', this.#onLost);
    this.#guard = this.session.guardRows(() => this.#onLost(rowTooLarge()));
    this.#timer = setTimeout(
      () => void this.stop(new AppError('query.timeout')),
      Math.min(this.request.timeoutMs + limitGraceMs, 2 ** 31 - 1),
    );
    try {
      const { call } = await this.#prepare();
      if (this.#stopped) this.#end();
      else this.#listen(this.session.connection.execute(executeOptions(call.text, call.values)));
    } catch (error) {
      this.#fail(error);
    }
    const isFunction = this.procedure?.kind === 'function';
    await this.#waiters.until(() => this.#called || this.#over || (!isFunction && this.#results.length > 0));
    await this.#check();
    if (isFunction) this.#takeReturn();
  }

  /** Opens the transaction, reads the signature in it, and puts everything in place. */
  async #prepare(): Promise<MysqlCallText> {
    const { access, timeoutMs, arguments: args, expects = [] } = this.request;
    await this.session.limit(timeoutMs);
    this.#answered = true;
    await this.session.run(`SET TRANSACTION ${access === 'write' ? 'READ WRITE' : 'READ ONLY'}`);
    await this.session.run(`XA START ${this.#xid}`);
    this.#begun = true;
    const chosen = chooseOverload(await this.#describe(), args);
    this.procedure = chosen.procedure;
    this.#text = callText(chosen);
    if (expects.length > 0) await checkExpectations(this.session, expects);
    if (access === 'write') this.#changedBefore = await this.#changedRows();
    if (this.#text.before) await this.#values(this.#text.before);
    return this.#text;
  }

  async #describe(): Promise<MysqlProcedure[]> {
    const names = [this.request.procedure];
    const routines = await this.session.rows(routinesQuery(names));
    return readProcedures(routines, await this.session.rows(parametersQuery(names)));
  }

  async #changedRows(): Promise<number> {
    const rows = await this.session.rows(changedRowsQuery);
    return rows.reduce((sum, [, value]) => sum + Number(value), 0);
  }

  /** One row of one of the driver's own statements, by the binary protocol. */
  async #values({
    text,
    values,
  }: BoundText): Promise<{ row: readonly WireValue[]; wire: readonly WireColumn[] }> {
    return new Promise((resolve, reject) => {
      this.session.connection.execute(executeOptions(text, values), (error, rows, fields) => {
        if (error) return reject(error);
        const [row = []] = Array.isArray(rows) ? (rows as unknown as WireValue[][]) : [];
        resolve({ row, wire: (fields ?? []) as unknown as readonly WireColumn[] });
      });
    });
  }

  #listen(command: EventEmitter): void {
    let failed = false;
    command.on('error', (error: unknown) => {
      failed = true;
      this.#fail(error);
    });
    command.on('fields', (fields: readonly WireColumn[] | undefined) => {
      this.#guard?.progress();
      if (fields) this.#arrive(fields);
    });
    command.on('result', (row: WireValue[] | object) => {
      this.#guard?.progress();
      if (Array.isArray(row)) this.#take(row as WireValue[]);
    });
    command.on('end', () => {
      if (!failed) this.#end();
    });
  }

  #arrive(wire: readonly WireColumn[]): void {
    this.#last.ended = true;
    this.#arrived += 1;
    if (this.#arrived > maxResultSets) {
      void this.stop(new AppError('query.too_complex', `A call gives at most ${maxResultSets} results`));
      return;
    }
    const columns = wire.map(describeColumn);
    const rows = new RowBuffer<WireValue[]>();
    this.#last = { wire, columns, readers: wire.map(cellReader), rows, ended: false, skipped: false };
    this.#results.push(this.#last);
    this.#waiters.notify();
  }

  /** The result that arrives; before the first there is one that nobody sees. */
  #last: Arriving = {
    wire: [],
    columns: [],
    readers: [],
    rows: new RowBuffer(),
    ended: false,
    skipped: true,
  };

  #take(row: WireValue[]): void {
    const { rows, skipped } = this.#last;
    if (this.#stopped || skipped) return;
    rows.push(row, sizeOf(row));
    this.#waiters.notify();
    if ((rows.full || rows.length >= highWaterRows) && this.#waiters.none) this.session.pause();
  }

  #end(): void {
    this.#busy = false;
    this.#called = true;
    this.#last.ended = true;
    // As of a statement: what comes next are the answers to what ends the call.
    this.session.resume();
    this.#waiters.notify();
  }

  /** A function gives one row of one value. */
  #takeReturn(): void {
    const [result] = this.#results;
    this.#results = [];
    if (!result) return;
    const [row = []] = result.rows.take(1);
    this.out = { columns: result.columns, row: convert(row, result.readers) };
  }

  async next(): Promise<ResultSet | null> {
    await this.#check();
    if (this.#current) {
      this.#current.skipped = true;
      this.#current.rows.clear();
      this.#current = null;
    }
    this.session.resume();
    await this.#waiters.until(() => this.#results.length > 0 || this.#called || this.#over);
    await this.#check();
    const next = this.#results.shift();
    if (next === undefined) {
      if (!this.#over) await this.#conclude();
      return null;
    }
    this.#current = next;
    return { name: null, columns: next.columns, read: (limit, soon) => this.#read(next, limit, soon) };
  }

  async #read(result: Arriving, limit: number, soon = false): Promise<Row[]> {
    const wanted = soon ? 1 : limit;
    const { rows, readers } = result;
    await this.#check();
    if (rows.length < wanted && !result.ended) {
      this.session.resume();
      await this.#waiters.until(() => rows.length >= wanted || result.ended || this.#over);
      await this.#check();
    }
    const taken = rows.take(limit);
    if (!result.ended && rows.length < highWaterRows) this.session.resume();
    return taken.map((row) => convert(row, readers));
  }

  /** Reads what came out, looks whether the procedure was the one that was read of, and commits what may write. */
  async #conclude(): Promise<void> {
    this.#busy = true;
    try {
      const { after, out } = this.#text!;
      if (after !== null) {
        const { row, wire } = await this.#values({ text: after, values: [] });
        const columns = wire.map((column, place) => outColumn(column, out[place]!));
        this.out = {
          columns: columns.map(({ column }) => column),
          row: convert(
            row,
            columns.map(({ read }) => read),
          ),
        };
      }
      const { kind, version } = this.procedure;
      const same = (await this.#describe()).find((one) => one.kind === kind);
      if (same?.version !== version) throw new AppError('query.schema_changed');
      if (this.request.access === 'write') await this.#commit();
    } catch (error) {
      this.#busy = false;
      this.#fail(error);
    }
    await this.#check();
    this.#busy = false;
    void this.#finish();
  }

  async #commit(): Promise<void> {
    const changed = (await this.#changedRows()) - this.#changedBefore;
    const { maxChangedRows = Infinity } = this.request;
    if (changed > maxChangedRows) throw writeTooLarge(maxChangedRows);
    if (this.#stopped) return;
    this.#committing = true;
    try {
      await this.session.run(`XA END ${this.#xid}`);
      await this.session.run(`XA COMMIT ${this.#xid} ONE PHASE`);
      this.#begun = false;
      this.affectedRows = changed;
    } finally {
      this.#committing = false;
      this.#waiters.notify();
    }
  }

  readonly #onLost = (error: unknown): void => {
    this.#sick = true;
    this.#fail(error);
  };

  #fail(error: unknown): void {
    if (this.#over) return;
    if (isFatal(error)) this.#sick = true;
    this.#busy = false;
    if (!this.#stopped) {
      this.#error ??= mapped(error);
      void this.#finish();
    }
    this.#waiters.notify();
  }

  /**
   * Stops the call on the server; resolves when the server has confirmed. What is being committed is not undone.
   */
  async stop(reason: AppError | null): Promise<void> {
    if (this.#error || this.#over) return;
    this.#stopped ??= this.#stop(reason);
    await this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(null);
  }

  async #stop(reason: AppError | null): Promise<void> {
    if (this.#committing) return this.#waiters.until(() => !this.#committing);
    const ended = this.#waiters.until(() => !this.#busy);
    for (const { rows } of this.#results) rows.clear();
    this.#current?.rows.clear();
    if (this.#busy) {
      // What is on its way must not keep the process from giving the order to stop.
      this.session.pause();
      this.#killed = true;
      await killUntilEnded(this.session, ended);
      if (this.#busy) this.#sick = true;
    }
    this.#error = reason ?? new AppError('query.cancelled', 'The call is closed.');
    void this.#finish();
    this.#waiters.notify();
  }

  async #check(): Promise<void> {
    if (this.#stopped && !this.#committing) await this.#stopped;
    if (this.#error) throw this.#error;
  }

  /** Ends the transaction, unless it was committed, and gives the session back, once. */
  async #finish(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#guard?.close();
    this.session.resume();
    const clean =
      !this.#sick && (!this.#begun || (await settledWithin(this.#rollBack(), killedWithinMs)) === 'resolved');
    this.session.connection.off('error', this.#onLost);
    // A procedure may change the database of the session, as only a write may otherwise.
    if (clean && (await this.session.reset({ killed: this.#killed, wrote: true }))) this.session.release();
    else this.session.destroy();
    this.done();
  }

  async #rollBack(): Promise<void> {
    // KILL QUERY sets a flag that the next statement may meet instead of the one that was meant
    if (this.#killed) await this.session.run('DO 0').catch(() => undefined);
    // Answers an error where the server has rolled the transaction back already, and leaves it to be ended all the same.
    await this.session.run(`XA END ${this.#xid}`).catch(() => undefined);
    await this.session.run(`XA ROLLBACK ${this.#xid}`);
  }
}

function mapped(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code, extra } = mapStatementError(error);
  const ends = isServerError(error) && error.errno === endsTransaction;
  return procedureFailure(ends ? 'ends_transaction' : code, extra, isFatal(error) || !isServerError(error));
}

function convert(row: readonly WireValue[], readers: readonly CellReader[]): Row {
  return row.map((value, index) => (value === null ? null : (readers[index]?.(value) ?? null)));
}
