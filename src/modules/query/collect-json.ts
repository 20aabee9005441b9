import { AppError } from '../../common/app-error';
import type { Cursor } from '../../drivers/driver';
import type { RowMode } from '../../drivers/row-layout';
import type { StatementAccess } from '../../sql/facts';
import { BATCH_ROWS, MAX_RESULT_UNITS, readToEnd } from './collect-rows';
import { resultLayout, type EncodedOutcome } from './query-result';

/** A cursor whose rows come as JSON text. */
export type EncodingCursor = Cursor & Required<Pick<Cursor, 'encode'>>;

export function isEncoding(cursor: Cursor): cursor is EncodingCursor {
  return cursor.encode !== undefined;
}

/**
 * `collectRows` for who only passes the rows on.
 * @throws AppError `query.result_too_large` before the memory of the service is spent on one answer
 */
export async function collectJson(
  cursor: EncodingCursor,
  maxRows: number,
  access: StatementAccess,
  mode: RowMode,
): Promise<EncodedOutcome> {
  const { columns } = cursor;
  const layout = resultLayout(columns, mode);
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
  const data = Buffer.concat(pieces);
  return { columns, data: data.subarray(1), count, truncated, affectedRows: cursor.affectedRows };
}
