import { AppError } from '../../common/app-error';
import type { Column } from '../../drivers/cell';
import type { Cursor } from '../../drivers/driver';
import { encodeRow, rowLayout, type RowLayout, type RowMode } from '../../drivers/row-layout';
import type { StatementAccess } from '../../sql/facts';
import { BATCH_ROWS, collectRows, MAX_RESULT_UNITS, readToEnd, type RowsOutcome } from './collect-rows';
import type { QueryOutcome } from './query-result';
import { uniqueNames } from './unique-names';

/** What takes rows needs of a cursor. */
export type ReadableCursor = Omit<Cursor, typeof Symbol.asyncDispose>;
export type EncodingCursor = ReadableCursor & Required<Pick<Cursor, 'encode'>>;

/** Whether rows come as JSON made of the server's own bytes. */
export function isEncoding(cursor: ReadableCursor): cursor is EncodingCursor {
  return cursor.encode !== undefined;
}

/**
 * The rows of a cursor up to `maxRows` as they stand in an answer, read as `collectRows` does.
 * @throws AppError `query.result_too_large` before the memory of the service is spent on one answer
 */
export async function collectResult(
  cursor: ReadableCursor,
  maxRows: number,
  access: StatementAccess,
  mode: RowMode,
): Promise<QueryOutcome> {
  if (!isEncoding(cursor)) return encodeRows(await collectRows(cursor, maxRows, access), mode);
  const { columns } = cursor;
  const layout = layoutOf(columns, mode);
  const pieces: Buffer[] = [];
  let bytes = 0;
  let count = 0;
  let ended = false;
  while (count < maxRows && !ended) {
    // what has arrived, not as many as there may be: a thousand wide rows are too many before they can be measured
    const piece = await cursor.encode(layout, Math.min(BATCH_ROWS, maxRows - count), true);
    ended = piece.count === 0;
    if (ended) break;
    count += piece.count;
    bytes += piece.bytes.length;
    pieces.push(piece.bytes);
    if (bytes > MAX_RESULT_UNITS) {
      throw new AppError('query.result_too_large', 'Ask for fewer rows or columns');
    }
  }
  const truncated = !ended && (await cursor.read(1, true)).length > 0;
  // A write counts once it is read to its end; the rows behind the limit were changed as well.
  if (access === 'write' && truncated) await readToEnd(cursor);
  return { columns, data: joined(pieces), count, truncated, affectedRows: cursor.affectedRows, digest: null };
}

/** Rows whose columns are known only with the last of them. */
export function encodeRows({ rows, ...outcome }: RowsOutcome, mode: RowMode): QueryOutcome {
  const layout = layoutOf(outcome.columns, mode);
  let text = '';
  for (const row of rows) text += encodeRow(row, layout);
  return { ...outcome, data: joined([Buffer.from(text)]), count: rows.length, digest: null };
}

/** Drivers give the same columns again for a statement that is asked again. */
const layouts: Readonly<Record<RowMode, WeakMap<readonly Column[], RowLayout>>> = {
  object: new WeakMap(),
  array: new WeakMap(),
};

/** Of an answer: the comma before the first row is to be cut off. */
export function layoutOf(columns: readonly Column[], mode: RowMode): RowLayout {
  const known = layouts[mode].get(columns);
  if (known) return known;
  const layout = rowLayout(uniqueNames(columns.map(({ name }) => name)), mode, { ahead: ',' });
  layouts[mode].set(columns, layout);
  return layout;
}

/** Without the comma before the first row. */
function joined(pieces: readonly Buffer[]): Buffer {
  return (pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)).subarray(1);
}
