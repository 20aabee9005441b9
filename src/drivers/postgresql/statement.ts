import type { FieldDef } from 'pg';
import { AppError } from '../../common/app-error';
import type { Column, Row } from '../cell';
import type { QueryRequest } from '../driver';
import type { RunningStatement } from '../pooled-source';
import { RowBuffer } from '../row-buffer';
import type { EncodedRows, RowLayout } from '../row-layout';
import { settledWithin } from '../settled-within';
import { Waiters } from '../waiters';
import { writeTooLarge } from '../write-too-large';
import { cancelledWithinMs, cancelUntilEnded } from './cancel-until-ended';
import { cellReader, type CellReader } from './cell-reader';
import { changedRowsOf, changedRowsQuery } from './count-changes';
import type { RowsEncoder } from '../rows-encoder';
import { convertCells } from './convert-cells';
import { rowsEncoder } from './encode-rows';
import { expectationQuery, expectationValues } from './describe-relations';
import { discardAll, flush, sync, type Flight, type Step, type Unit, type UnitEnd } from './flight';
import { mapStatementError } from './map-error';
import type { PreparedStatement, PreparedStatements } from './prepared-statements';
import type { PostgresSession } from './session';
import { describeColumn, type TypeRegistry } from './type-registry';
import { wireCells, type WireRow } from './wire-row';
import type { PgType } from './builtin-types';

/** Up to this many rows a read is sent, executed and rolled back in a single flight. */
const singleFlightRows = 20_000;
/** Rows fetched before it is known how many will be read. */
const firstRows = 100;
/** Rows of a portion when nobody says how many will be read; TCP holds back what is not taken. */
const portionRows = 20_000;

type State = 'running' | 'suspended' | 'complete' | 'over';

/**
 * A statement in a transaction of its own, from BEGIN to the session's reset.
 *
 * - A read of known length is one flight: `BEGIN READ ONLY`, the limit of time, the statement, `ROLLBACK`, and
 *   behind a Flush, so that the rows do not wait for it, `DISCARD ALL`. A stateless one stays prepared instead, and all
 *   of its answer comes together.
 * - A read of unknown length leaves the portal open and executes it again for each portion.
 * - A write is committed when the caller has read to its end, and rolled back otherwise.
 */
export class PostgresStatement implements RunningStatement {
  columns: readonly Column[] = [];
  affectedRows: number | null = null;
  readonly #rows = new RowBuffer<WireRow>();
  #types: readonly PgType[] = [];
  #readers: readonly (CellReader | null)[] | null = null;
  #encoder: RowsEncoder<WireRow> | null = null;
  #flight!: Flight;
  #fields: readonly FieldDef[] = [];
  #state: State = 'running';
  #end: UnitEnd | null = null;
  #error: AppError | null = null;
  /** Settles when a stop is confirmed; `null` while nobody asked for one. */
  #stopped: Promise<void> | null = null;
  #committing = false;
  /** Whether the relations are still what the request rests on; `null` until the server has told. */
  #expected: boolean | null;
  /** Rows the session had changed before and after the statement; kept where a limit is to be held. */
  #changedBefore = 0;
  #changedAfter: number | null = null;
  #wanted = 1;
  /** Rows asked of the portal so far. */
  #fetched = firstRows;
  readonly #waiters = new Waiters();
  #cancelling: Promise<void> | null = null;
  readonly #startedAt = Date.now();
  /** The session has it prepared. */
  readonly #known: PreparedStatement | null;
  /** Name under which the session is to keep it. */
  readonly #name: string;
  readonly #closing: readonly Step[];
  readonly #mode: 'flight' | 'portal' | 'write';

  constructor(
    private readonly session: PostgresSession,
    private readonly request: QueryRequest,
    private readonly values: readonly (string | null)[],
    private readonly types: TypeRegistry,
    /** Called once, when the session has been given back or closed. */
    private readonly done: () => void,
  ) {
    this.#mode =
      request.access === 'write'
        ? 'write'
        : request.maxRows !== undefined && request.maxRows <= singleFlightRows
          ? 'flight'
          : 'portal';
    this.#expected = request.expects?.length ? null : true;
    const { prepared } = session;
    const keep = this.#mode === 'flight' && request.stateless === true && !prepared.full;
    this.#known = keep ? prepared.find(request.text) : null;
    this.#name = keep ? (this.#known?.name ?? prepared.newName()) : '';
    this.#closing = keep ? lightClosing(prepared) : strictClosing;
    if (!keep) prepared.clear();
  }

  /** Whether the flight has failed before the server answered anything, so that sending it again repeats nothing. */
  get unanswered(): boolean {
    // 0A000: a kept statement whose columns have changed; refused before it ran, and gone with the session's reset
    if (this.#known && this.#error?.extra.sqlState === '0A000') return true;
    return this.#error?.code === 'connection.lost' && !this.#flight.answered;
  }

  /** Resolves when the columns are known and the first row has arrived or there is none; rejects if it fails before. */
  async begin(): Promise<void> {
    const limit = Math.max(1, Math.ceil(this.request.timeoutMs));
    const head: Unit[] = [
      { text: this.#mode === 'write' ? 'BEGIN READ WRITE' : 'BEGIN READ ONLY' },
      { text: `SET LOCAL statement_timeout = ${limit}` },
    ];
    // Rows wait until it is known that they may be shown.
    const first = this.#expected === null ? 1 : firstRows;
    const rows = { flight: (this.request.maxRows ?? 0) + 1, portal: first, write: 0 }[this.#mode];
    const statement: Unit = {
      text: this.request.text,
      name: this.#name,
      prepared: this.#known !== null,
      values: this.values,
      ...this.#execute(rows),
      ...(!this.#known && {
        onColumns: (fields: readonly FieldDef[]) => {
          this.#fields = fields;
        },
      }),
    };
    if (this.#known) this.#fields = this.#known.fields;
    const body = [
      ...head,
      ...this.#countChanges((rows) => (this.#changedBefore = rows)),
      statement,
      ...this.#expectation(),
      ...this.#countChanges((rows) => {
        this.#changedAfter = rows;
        this.#waiters.notify();
      }),
    ];
    this.#flight = this.session.start(
      this.#mode === 'flight' ? [...body, ...this.#closing] : [...body, flush],
    );
    this.#flight.ended.then(
      () => this.#giveBack(true),
      (error: unknown) => this.#fail(error),
    );
    await this.#waiters.until(
      () => (this.#expected !== null && this.#rows.length > 0) || this.#state !== 'running',
    );
    await this.#check();
    await this.#describe();
  }

  async #describe(): Promise<void> {
    const described = this.#known?.described;
    if (described) {
      this.columns = described.columns;
      this.#types = described.types;
      this.#encoder = described.encoder;
      return;
    }
    const types = await this.types.resolve(this.#fields);
    const columns = this.#fields.map((field, index) => describeColumn(field, types[index]!));
    this.columns = columns;
    this.#types = types;
    if (this.#known && this.types.knows(this.#fields))
      this.#known.described = { columns, types, encoder: (this.#encoder = rowsEncoder(types)) };
  }

  #countChanges(take: (rows: number) => void): Unit[] {
    if (this.#mode !== 'write' || this.request.maxChangedRows === undefined) return [];
    return [{ text: changedRowsQuery, onRow: ([cell]) => take(Number(cell)) }];
  }

  /** Undoes a write that has changed more than it may. @throws AppError `query.write_too_large` */
  async #requireFewChanges(): Promise<void> {
    const { maxChangedRows } = this.request;
    if (maxChangedRows === undefined) return;
    await this.#waiters.until(() => this.#changedAfter !== null || this.#error !== null);
    await this.#check();
    const counted = this.#changedAfter! - this.#changedBefore;
    if (Math.max(counted, changedRowsOf(this.#end?.tag)) <= maxChangedRows) return;
    this.#error = writeTooLarge(maxChangedRows);
    this.#flight.send(strictClosing);
    throw this.#error;
  }

  /**
   * Asked behind the statement: the server has resolved its names by then, and the locks that it holds on them until the
   * end of the transaction keep them as they are (manual, section "Table-Level Locks": ACCESS SHARE).
   */
  #expectation(): Unit[] {
    const { expects } = this.request;
    if (this.#expected === true || expects === undefined) return [];
    const own = this.#name === '' ? null : this.session.prepared.own(expectationQuery);
    return [
      {
        text: expectationQuery,
        name: own?.name,
        prepared: own?.prepared,
        portal: 'expects',
        values: expectationValues(expects),
        onRow: ([cell]) => {
          this.#expected = cell === 't';
        },
        onEnd: () => {
          own?.kept();
          this.#judge();
        },
      },
    ];
  }

  /** What becomes of the statement when its end and the answer about its relations are known. */
  #judge(): void {
    if (this.#expected !== true) {
      this.#expected = false;
      this.#rows.clear();
      this.#error ??= new AppError('query.schema_changed');
    }
    if (this.#end !== null) this.#settleExecute(this.#end);
  }

  async read(limit: number, soon = false): Promise<Row[]> {
    const rows = await this.#pull(limit, soon);
    this.#readers ??= this.#types.map(cellReader);
    const readers = this.#readers;
    const plain = readers.every((reader) => reader === null);
    return rows.map((row) => {
      const cells = wireCells(row);
      return plain ? cells : convertCells(cells, readers);
    });
  }

  async encode(layout: RowLayout, limit: number, soon = false): Promise<EncodedRows> {
    const rows = await this.#pull(limit, soon);
    this.#encoder ??= rowsEncoder(this.#types);
    return this.#encoder.encode(rows, layout);
  }

  async #pull(limit: number, soon: boolean): Promise<WireRow[]> {
    const wanted = soon ? 1 : limit;
    this.#wanted = wanted;
    for (;;) {
      await this.#check();
      if (this.#rows.length >= wanted || this.#state === 'complete' || this.#state === 'over') break;
      if (this.#state === 'suspended') this.#fetch(soon ? this.#portion() : limit - this.#rows.length);
      this.#flight.resume();
      await this.#waiters.until(() => this.#rows.length >= wanted || this.#state !== 'running');
    }
    if (this.#rows.length < limit && this.#mode === 'write' && this.#state === 'complete')
      await this.#commit();
    const rows = this.#rows.take(limit);
    if (this.#state === 'running' && !this.#rows.full) this.#flight.resume();
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

  async #stop(reason: AppError | null): Promise<void> {
    if (this.#committing) return this.#waiters.until(() => this.#state !== 'running');
    if (this.#state === 'running') {
      await this.#cancel();
    } else {
      this.#flight.send(strictClosing);
      if ((await settledWithin(this.#flight.ended, cancelledWithinMs)) === 'pending') this.session.destroy();
    }
    this.#rows.clear();
    this.#error = reason ?? new AppError('query.cancelled', 'The cursor is closed.');
    this.#waiters.notify();
  }

  /** Throws what has become of the statement, if that is no result. */
  async #check(): Promise<void> {
    if (this.#stopped && !this.#committing) await this.#stopped;
    if (this.#error) throw this.#error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(null);
  }

  #execute(maxRows: number): Unit {
    return {
      maxRows,
      onWireRow: (row, bytes) => {
        if (this.#stopped) return;
        this.#rows.push(row, bytes);
        if (this.#rows.length >= this.#wanted) this.#waiters.notify();
        if (this.#rows.full && this.#waiters.none) this.#flight.pause();
      },
      onEnd: (end) => this.#endOfExecute(end),
    };
  }

  /** As many rows as may be wanted still. */
  #portion(): number {
    const { maxRows } = this.request;
    return maxRows === undefined
      ? portionRows
      : Math.max(1, Math.min(portionRows, maxRows + 1 - this.#fetched));
  }

  #fetch(rows: number): void {
    this.#fetched += rows;
    this.#state = 'running';
    this.#flight.send([this.#execute(rows), flush]);
  }

  #endOfExecute(end: UnitEnd): void {
    this.#end = end;
    if (this.#name !== '' && !this.#known) {
      this.session.prepared.keep(this.request.text, { name: this.#name, fields: this.#fields });
    }
    if (this.#expected === null) return;
    this.#settleExecute(end);
  }

  #settleExecute(end: UnitEnd): void {
    this.#state = end.suspended && this.#mode === 'portal' ? 'suspended' : 'complete';
    // All that was asked for has come, and may have filled the buffer: what comes next is the answer to COMMIT or ROLLBACK.
    this.#flight.resume();
    if (this.#state === 'complete' && this.#mode === 'portal') this.#flight.send(strictClosing);
    if (end.tag === null && !end.suspended) this.#error = new AppError('query.empty');
    if (this.#error && this.#mode !== 'flight') this.#flight.send(strictClosing);
    this.#waiters.notify();
  }

  async #commit(): Promise<void> {
    await this.#requireFewChanges();
    this.#state = 'running';
    this.#committing = true;
    let tag: string | null = null;
    const onEnd = (end: UnitEnd): void => {
      tag = end.tag;
      this.#state = 'over';
      this.#waiters.notify();
    };
    this.#flight.send([{ text: 'COMMIT', onEnd }, flush, discardAll, sync]);
    await this.#waiters.until(() => this.#state !== 'running');
    if (this.#error) throw this.#error;
    // COMMIT of a transaction that failed unseen answers ROLLBACK
    if (tag !== 'COMMIT') throw new AppError('query.database_error', 'The transaction was rolled back.');
    this.affectedRows = countOf(this.#end?.tag);
  }

  /** Asks until the statement ends; a session whose statement does not end is closed. */
  async #cancel(): Promise<void> {
    const stopped = this.#waiters.until(() => this.#state !== 'running');
    this.#cancelling = cancelUntilEnded(this.session, this.#flight, stopped);
    await this.#cancelling;
    if ((await settledWithin(stopped, 0)) === 'pending') return this.session.destroy();
    if (!this.#flight.over) this.#flight.send(strictClosing);
  }

  #fail(error: unknown): void {
    // the result was complete before ROLLBACK or DISCARD failed: only the session is in doubt
    const late = this.#mode !== 'write' && this.#state === 'complete';
    if (!late && !this.#stopped) {
      this.#error ??= mapStatementError(error, Date.now() - this.#startedAt, this.request.timeoutMs);
    }
    this.#state = 'over';
    this.#waiters.notify();
    this.#giveBack(false);
  }

  /** A cancel that is still on its way would hit the next statement of the session. */
  #giveBack(discarded: boolean): void {
    if (this.#state === 'complete') this.#state = 'over';
    void (async () => {
      await this.#cancelling;
      await this.session.giveBack(discarded && this.#cancelling === null);
      this.done();
    })();
  }
}

const rollback: Unit = { text: 'ROLLBACK' };
const strictClosing: readonly Step[] = [rollback, flush, discardAll, sync];
const unlockAll = 'SELECT pg_advisory_unlock_all()';

/**
 * For statements that are known to call built-ins only. ROLLBACK undoes all of a transaction, settings among them; of
 * what is not undone, a view or an operator could still have taken a session's advisory lock.
 */
function lightClosing(prepared: PreparedStatements): readonly Step[] {
  const { kept, ...how } = prepared.own(unlockAll);
  // Without a Flush: it takes less time than a second packet takes both sides.
  return [rollback, { text: unlockAll, ...how, onEnd: kept }, sync];
}

/** The count in a command tag (manual, "CommandComplete"): `INSERT 0 5`, `UPDATE 5`; commands without rows have none. */
function countOf(tag: string | null | undefined): number {
  return Number(/ (\d+)$/.exec(tag ?? '')?.[1] ?? 0);
}
