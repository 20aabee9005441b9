import type { FieldDef } from 'pg';
import { AppError } from '../../common/app-error';
import { quoteIdentifier } from '../../common/quote/postgresql';
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
import { settledWithin } from '../settled-within';
import { Waiters } from '../waiters';
import { writeTooLarge } from '../write-too-large';
import { callText, refcursorOid, type CallShape } from './call-text';
import { cancelledWithinMs, cancelUntilEnded } from './cancel-until-ended';
import { cellReader, type CellReader } from './cell-reader';
import { changedRowsQuery } from './count-changes';
import { expectationQuery, expectationValues } from './describe-relations';
import { procedureQuery, procedureVersionQuery, readProcedures } from './describe-procedures';
import { discardAll, flush, sync, type Flight, type Step, type Unit, type UnitEnd } from './flight';
import { isServerError, mapStatementError } from './map-error';
import type { PostgresSession } from './session';
import { describeColumn, type TypeRegistry } from './type-registry';
import { convertCells } from './convert-cells';
import { wireCells, type WireRow } from './wire-row';

/** Rows asked for at a time; TCP holds back what is not taken. */
const portionRows = 1_000;
const closing: readonly Step[] = [{ text: 'ROLLBACK' }, flush, discardAll, sync];
/** COMMIT or ROLLBACK inside of a procedure, which runs in a transaction of the driver (invalid_transaction_termination). */
const endsTransaction = '2D000';

interface Shape {
  readonly columns: readonly Column[];
  readonly readers: readonly (CellReader | null)[];
}

/** A result that is read from the portal of the call, or from a cursor that the call has left open. */
interface OpenResult {
  readonly name: string | null;
  /** `null`: the portal of the call. */
  readonly cursor: string | null;
}

/**
 * A call in a transaction of its own, from BEGIN to the session's reset: the signature is read, the call is made of it, and
 * behind it the server is asked whether the signature was that one all the time. Cursors are read in the same transaction.
 */
export class PostgresCall implements RunningCall {
  procedure!: ProcedureDescription;
  out: OutValues = { columns: [], row: [] };
  affectedRows: number | null = null;
  readonly #rows = new RowBuffer<WireRow>();
  readonly #waiters = new Waiters();
  readonly #startedAt = Date.now();
  #flight!: Flight;
  /** The server has not answered everything yet. */
  #busy = false;
  /** What comes is thrown away. */
  #skipping = false;
  #fields: readonly FieldDef[] = [];
  #shape: Shape = { columns: [], readers: [] };
  #open: OpenResult[] = [];
  #current: OpenResult | null = null;
  /** Whether all of the current result has been sent. */
  #ended = false;
  #error: AppError | null = null;
  #over = false;
  #committing = false;
  #stopped: Promise<void> | null = null;
  #cancelling: Promise<void> | null = null;
  #changedBefore = 0;

  constructor(
    private readonly session: PostgresSession,
    private readonly request: CallRequest,
    private readonly types: TypeRegistry,
    /** Ends the session from outside. */
    private readonly terminate: () => Promise<void>,
    /** Called once, when the session has been given back or closed. */
    private readonly done: () => void,
  ) {
    session.prepared.clear();
  }

  get unanswered(): boolean {
    return this.#error?.code === 'connection.lost' && !this.#flight.answered;
  }

  /** Resolves when the procedure has run, or has given its first row. */
  async begin(): Promise<void> {
    try {
      const { procedure, call } = await this.#choose();
      this.procedure = procedure;
      await this.#call(call, procedure);
    } catch (error) {
      if (!this.#over && this.#stopped === null) {
        this.#error ??= mapStatementError(error, 0, this.request.timeoutMs);
        this.#flight.send(closing);
      }
      throw this.#error ?? error;
    }
  }

  /** Reads the signature in the transaction of the call. */
  async #choose() {
    const { access, timeoutMs, procedure, arguments: args } = this.request;
    const cells: (string | null | undefined)[] = [];
    const head: Unit[] = [
      { text: access === 'write' ? 'BEGIN READ WRITE' : 'BEGIN READ ONLY' },
      { text: `SET LOCAL statement_timeout = ${Math.max(1, Math.ceil(timeoutMs))}` },
    ];
    const look: Unit = {
      text: procedureQuery,
      values: [procedure.schema, procedure.name],
      onRow: ([cell]) => cells.push(cell),
    };
    await this.#ask([...head, look]);
    const chosen = chooseOverload(readProcedures(cells), args);
    return { procedure: chosen.procedure, call: callText(chosen) };
  }

  async #call(
    call: ReturnType<typeof callText>,
    { schema, name, version }: ProcedureDescription,
  ): Promise<void> {
    const { expects = [] } = this.request;
    let isSame = false;
    let isExpected = expects.length === 0;
    let end: UnitEnd = { tag: null, suspended: false };
    await this.#ask([
      ...this.#countChanges('before', (rows) => (this.#changedBefore = rows)),
      {
        text: call.text,
        values: call.values,
        // rows wait until it is known that they may be shown
        maxRows: 1,
        onColumns: (fields) => (this.#fields = fields),
        onWireRow: this.#take,
        onEnd: (its) => (end = its),
      },
      {
        text: procedureVersionQuery,
        portal: 'version',
        values: [schema, name, version],
        onRow: ([cell]) => (isSame = cell === 't'),
      },
      ...(isExpected
        ? []
        : [
            {
              text: expectationQuery,
              portal: 'expects',
              values: expectationValues(expects),
              onRow: ([cell]: (string | null)[]) => void (isExpected = cell === 't'),
            },
          ]),
    ]);
    if (!isSame || !isExpected) throw new AppError('query.schema_changed');
    await this.#learn();
    this.#ended = !end.suspended;
    await this.#sort(call.shape);
  }

  /** What of the first result is values, what is rows, and what names cursors. */
  async #sort(shape: CallShape): Promise<void> {
    const isCursor = this.#fields.map(({ dataTypeID }) => dataTypeID === refcursorOid);
    if (shape === 'row') {
      const [first] = this.#rows.take(1);
      const row = first ? wireCells(first) : [];
      const { columns, readers } = this.#shape;
      this.#open = row.flatMap((cell, place) =>
        isCursor[place] && cell !== null ? [{ name: nameOf(columns[place]!), cursor: cell }] : [],
      );
      const kept = <T>(items: readonly T[]): T[] => items.filter((_, place) => !isCursor[place]);
      this.out = { columns: kept(columns), row: kept(convertCells(row, readers)) };
    } else if (shape === 'set' && isCursor.length === 1 && isCursor[0]) {
      const names = await this.#cursorNames();
      this.#open = names.map((cursor) => ({ name: null, cursor }));
    } else if (shape === 'set') {
      this.#open = [{ name: null, cursor: null }];
      return;
    }
    this.#rows.clear();
  }

  async #cursorNames(): Promise<string[]> {
    const names: string[] = [];
    for (;;) {
      for (const row of this.#rows.take(portionRows)) {
        const [cell] = wireCells(row);
        if (cell != null) names.push(cell);
      }
      if (names.length > maxResultSets) throw tooManyResults();
      if (this.#ended) return names;
      await this.#ask([this.#portion({ maxRows: maxResultSets })]);
    }
  }

  async next(): Promise<ResultSet | null> {
    await this.#check();
    await this.#skip();
    const next = this.#open.shift();
    if (next === undefined) {
      if (!this.#over) await this.#finish();
      return null;
    }
    this.#current = next;
    if (next.cursor !== null) {
      await this.#ask([this.#fetch(next.cursor, 1)]);
      await this.#learn();
    }
    return {
      name: next.name,
      columns: this.#shape.columns,
      read: (limit, soon) => (this.#current === next ? this.#read(next, limit, soon) : Promise.resolve([])),
    };
  }

  /** What is left of the result before. */
  async #skip(): Promise<void> {
    if (this.#current === null) return;
    this.#current = null;
    this.#rows.clear();
    this.#skipping = true;
    this.#flight.resume();
    await this.#idle();
    this.#skipping = false;
  }

  async #read({ cursor }: OpenResult, limit: number, soon = false): Promise<Row[]> {
    const wanted = soon ? 1 : limit;
    for (;;) {
      await this.#check();
      if (this.#rows.length >= wanted || (this.#ended && !this.#busy)) break;
      if (!this.#busy) {
        const rows = Math.max(1, Math.min(portionRows, limit - this.#rows.length));
        this.#send([cursor === null ? this.#portion({ maxRows: rows }) : this.#fetch(cursor, rows)]);
      }
      this.#flight.resume();
      await this.#waiters.until(() => this.#rows.length >= wanted || !this.#busy);
    }
    const rows = this.#rows.take(limit);
    if (!this.#rows.full) this.#flight.resume();
    return rows.map((row) => convertCells(wireCells(row), this.#shape.readers));
  }

  /** Commits what may write, and undoes everything else. */
  async #finish(): Promise<void> {
    if (this.request.access === 'read') {
      this.#over = true;
      this.#flight.send(closing);
      return;
    }
    let changed = 0;
    await this.#ask(this.#countChanges('after', (rows) => (changed = rows - this.#changedBefore)));
    const { maxChangedRows = Infinity } = this.request;
    if (changed > maxChangedRows) {
      this.#error = writeTooLarge(maxChangedRows);
      this.#flight.send(closing);
      throw this.#error;
    }
    await this.#commit();
    this.affectedRows = changed;
  }

  async #commit(): Promise<void> {
    let tag: string | null = null;
    // Nobody may stop it between the question and the order: the check and the flag are one step.
    await this.#check();
    this.#committing = true;
    this.#busy = true;
    const onEnd = (end: UnitEnd): void => {
      tag = end.tag;
      this.#over = true;
      this.#answered();
    };
    this.#flight.send([{ text: 'COMMIT', onEnd }, flush, discardAll, sync]);
    await this.#waiters.until(() => !this.#busy);
    if (this.#error) throw this.#error;
    // COMMIT of a transaction that failed unseen answers ROLLBACK
    if (tag !== 'COMMIT') throw new AppError('query.database_error', 'The transaction was rolled back.');
  }

  #countChanges(portal: 'before' | 'after', take: (rows: number) => void): Unit[] {
    if (this.request.access !== 'write') return [];
    return [{ text: changedRowsQuery, portal, onRow: ([cell]) => take(Number(cell)) }];
  }

  /** Executes the portal of the call once more. */
  #portion({ maxRows }: { maxRows: number }): Unit {
    return { maxRows, onWireRow: this.#take, onEnd: ({ suspended }) => (this.#ended = !suspended) };
  }

  #fetch(cursor: string, rows: number): Unit {
    return {
      text: `FETCH FORWARD ${rows} FROM ${quoteIdentifier(cursor)}`,
      onColumns: (fields) => (this.#fields = fields),
      onWireRow: this.#take,
      onEnd: ({ tag }) => (this.#ended = tag !== `FETCH ${rows}`),
    };
  }

  readonly #take = (row: WireRow, bytes: number): void => {
    if (this.#stopped || this.#skipping) return;
    this.#rows.push(row, bytes);
    this.#waiters.notify();
    if (this.#rows.full && this.#waiters.none) this.#flight.pause();
  };

  async #learn(): Promise<void> {
    const fields = this.#fields;
    const known = await this.types.resolve(fields);
    this.#shape = {
      columns: fields.map((field, index) => describeColumn(field, known[index]!)),
      readers: known.map(cellReader),
    };
  }

  /** Sends commands and waits until the server has answered all of them. */
  async #ask(units: readonly Unit[]): Promise<void> {
    this.#send(units);
    await this.#idle();
  }

  async #idle(): Promise<void> {
    await this.#waiters.until(() => !this.#busy);
    await this.#check();
  }

  #send(units: readonly Unit[]): void {
    const last = units.at(-1);
    if (last === undefined) return;
    this.#busy = true;
    const onEnd = (end: UnitEnd): void => {
      last.onEnd?.(end);
      this.#answered();
    };
    const steps: Step[] = [...units.slice(0, -1), { ...last, onEnd }, flush];
    if (this.#flight !== undefined) return this.#flight.send(steps);
    this.#flight = this.session.start(steps);
    this.#flight.ended.then(
      () => this.#giveBack(true),
      (error: unknown) => this.#fail(error),
    );
  }

  #answered(): void {
    this.#busy = false;
    this.#waiters.notify();
  }

  async #check(): Promise<void> {
    if (this.#stopped && !this.#committing) await this.#stopped;
    if (this.#error) throw this.#error;
  }

  /** See `PostgresStatement.stop`. */
  async stop(reason: AppError | null): Promise<void> {
    if (this.#error || this.#over) return;
    this.#stopped ??= this.#stop(reason);
    await this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(null);
  }

  async #stop(reason: AppError | null): Promise<void> {
    const idle = this.#waiters.until(() => !this.#busy);
    if (this.#committing) return idle;
    this.#rows.clear();
    if (this.#busy) {
      this.#cancelling = cancelUntilEnded(this.session, this.#flight, idle);
      await this.#cancelling;
      if ((await settledWithin(idle, 0)) === 'pending') {
        await settledWithin(this.terminate(), cancelledWithinMs);
        this.session.destroy();
      }
    }
    if (!this.#flight.over) {
      this.#flight.send(closing);
      if ((await settledWithin(this.#flight.ended, cancelledWithinMs)) === 'pending') this.session.destroy();
    }
    this.#error = reason ?? new AppError('query.cancelled', 'The call is closed.');
    this.#answered();
  }

  #fail(error: unknown): void {
    // the results were complete before ROLLBACK or DISCARD failed: only the session is in doubt
    if (!this.#over && !this.#stopped) this.#error ??= this.#mapped(error);
    this.#over = true;
    this.#answered();
    this.#giveBack(false);
  }

  #mapped(error: unknown): AppError {
    const { code, extra } = mapStatementError(error, Date.now() - this.#startedAt, this.request.timeoutMs);
    // A position would be one in the text of the call or of the procedure, which the caller has not written.
    const { position: _, ...rest } = extra;
    return procedureFailure(
      rest.sqlState === endsTransaction ? 'ends_transaction' : code,
      rest,
      !isAlive(error),
    );
  }

  /** A cancel that is still on its way would hit the next statement of the session. */
  #giveBack(discarded: boolean): void {
    void (async () => {
      await this.#cancelling;
      await this.session.giveBack(discarded && this.#cancelling === null);
      this.done();
    })();
  }
}

/** An error of a server whose session goes on (manual, "Error and Notice Message Fields"). */
function isAlive(error: unknown): boolean {
  return isServerError(error) && error.severity === 'ERROR';
}

/** Cursors that have no name of their own come in a column that is called like the call. */
function nameOf({ name }: Column): string | null {
  return name === 'return' ? null : name;
}

function tooManyResults(): AppError {
  return new AppError('query.too_complex', `A call gives at most ${maxResultSets} results`);
}
