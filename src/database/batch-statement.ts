import type { ErrorCode } from '../common/errors/catalog';

/**
 * One set-based statement that serves many requests at once: `sql` takes one array a column
 * (`unnest($1::uuid[], $2::text[], …)`), and `columns` says what of a row goes into which.
 */
export interface BatchStatement<R> {
  /** Unique: what is prepared is found by it. */
  readonly name: string;
  readonly sql: string;
  readonly columns: readonly ((row: R) => unknown)[];
}

export interface BatchWrite {
  readonly statement: BatchStatement<never>;
  readonly row: unknown;
}

/**
 * A condition read in the same statement that makes the writes durable. `statement.sql` selects one text column
 * `key` for every row that holds; a request whose key is missing is refused with `error` — after its writes, so the
 * record of the attempt stays.
 */
export interface BatchCheck extends BatchWrite {
  /** Says all that the check depends on: of checks of one statement with equal keys one is made for all. */
  readonly key: string;
  readonly error: ErrorCode;
}

/**
 * Something to be known as of the moment the writes become durable: read in the same statement, so by the snapshot in
 * which none of what is committed later is seen. `statement.sql` selects as `key` what was asked, a space and the answer.
 */
export interface BatchQuestion extends BatchWrite {
  /** Without a space. */
  readonly asked: string;
}

export function batchWrite<R>(statement: BatchStatement<R>, row: R): BatchWrite {
  return { statement, row };
}

export function batchCheck<R>(
  statement: BatchStatement<R>,
  row: R,
  key: string,
  error: ErrorCode,
): BatchCheck {
  return { statement, row, key, error };
}

export function batchQuestion<R>(statement: BatchStatement<R>, row: R, asked: string): BatchQuestion {
  return { statement, row, asked };
}
