import type { StatementSyncInstance } from '@photostructure/sqlite';
import type { Column } from '../../cell';
import { typeOfDeclared, typeOfValues, widened, type SqliteValue } from '../column-type';
import { encodeValue } from '../encode-value';
import type { Batch, QueryMessage, WireRow } from '../protocol';
import { maxRowBytes } from '../../row-guard';
import type { OpenDatabase } from './database';
import { describeFailure, FailureError } from './failure';

/** A batch ends early at about this many bytes, so that wide rows do not pile up in messages. */
const BATCH_BYTES = 1024 * 1024;

/** One running statement: rows are stepped only when they are asked for. */
export class RunningStatement {
  readonly columns: readonly Column[];
  readonly #rows: Iterator<SqliteValue[]> | null;
  readonly #statement: StatementSyncInstance;
  #ahead: SqliteValue[][] = [];
  #left: number;
  #done = false;
  #affectedRows: number | null = null;

  constructor(
    private readonly database: OpenDatabase,
    message: QueryMessage,
  ) {
    const { db, authorizer } = database;
    this.#left = message.maxRows ?? Number.POSITIVE_INFINITY;
    authorizer.begin(message.access);
    this.#statement = this.#try('prepare', () => db.prepare(message.text));
    this.#statement.setReadBigInts(true);
    this.#statement.setReturnArrays(true);
    if (this.#statement.columns().length === 0) {
      this.#try('step', () => this.#statement.run(...message.values));
      this.#rows = null;
      this.#finish();
      if (message.access === 'write') this.#affectedRows ??= 0;
      this.columns = [];
      return;
    }
    this.#rows = this.#try('bind', () => this.#statement.iterate(...message.values)) as Iterator<
      SqliteValue[]
    >;
    this.#ahead = this.#step(message.limit);
    // With the first step a statement that was compiled on a schema of before has been compiled anew.
    this.columns = this.#statement.columns().map(({ name, type }, index) => {
      const declared = typeOfDeclared(type);
      const values = this.#ahead.map((row) => row[index] ?? null);
      const canonical = declared ? widened(declared, values) : typeOfValues(type, values);
      return { name, type: canonical, nativeType: type ?? '' };
    });
  }

  read(limit: number): Batch {
    const stepped = this.#ahead.length > 0 || this.#done ? this.#ahead : this.#step(limit);
    this.#ahead = [];
    let raw = false;
    const rows = stepped.map((row): WireRow =>
      row.map((value, index) => {
        const cell = encodeValue(value, this.columns[index]?.type ?? 'mixed');
        raw ||= typeof cell === 'object' && cell !== null;
        return cell;
      }),
    );
    return { rows, raw, done: this.#done, affectedRows: this.#done ? this.#affectedRows : null };
  }

  end(): void {
    this.#done = true;
    this.#ahead = [];
    this.#rows?.return?.();
    this.#statement.close();
  }

  #step(limit: number): SqliteValue[][] {
    const rows: SqliteValue[][] = [];
    let bytes = 0;
    while (rows.length < limit && bytes < BATCH_BYTES && !this.#done) {
      const next = this.#try('step', () => this.#rows?.next());
      if (!next || next.done) {
        this.#finish();
        break;
      }
      rows.push(next.value);
      this.#left -= 1;
      if (this.#left === 0) this.#finish();
      const size = sizeOf(next.value);
      if (size > maxRowBytes) throw tooBig();
      bytes += size;
    }
    return rows;
  }

  #finish(): void {
    this.#done = true;
    const { db, authorizer } = this.database;
    if (!authorizer.changesRows) return;
    authorizer.begin('internal');
    this.#affectedRows = Number(db.prepare('select changes() as n').get()?.['n']);
  }

  #try<T>(phase: 'prepare' | 'bind' | 'step', work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new FailureError(describeFailure(error, phase, this.database.authorizer.denied));
    }
  }
}

/** As SQLite says it of one value: SQLITE_TOOBIG. */
function tooBig(): FailureError {
  return new FailureError({ code: 18, message: 'row too big', phase: 'step', denied: null });
}

function sizeOf(row: readonly SqliteValue[]): number {
  let bytes = 16;
  for (const value of row)
    bytes += typeof value === 'string' ? value.length : value instanceof Uint8Array ? value.byteLength : 8;
  return bytes;
}
