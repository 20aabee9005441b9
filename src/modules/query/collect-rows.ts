import { AppError } from '../../common/app-error';
import { RawJson, type Cell, type Row } from '../../drivers/cell';
import type { Cursor } from '../../drivers/driver';
import type { StatementAccess } from '../../sql/facts';
import type { QueryOutcome } from './query-result';

/** Rows before they are written as JSON. */
export interface RowsOutcome extends Omit<QueryOutcome, 'data' | 'count' | 'digest'> {
  readonly rows: readonly Row[];
}

export const BATCH_ROWS = 1000;
/** Text of one collected answer, in UTF-16 units; a larger result is refused. */
export const MAX_RESULT_UNITS = 64 * 1024 * 1024;

/**
 * Reads a cursor up to `maxRows` and looks for one row more, so that `truncated` is exact. The cursor is disposed by
 * whoever opened it.
 * @throws AppError `query.result_too_large` before the memory of the service is spent on one answer
 */
export async function collectRows(
  cursor: Pick<Cursor, 'columns' | 'read' | 'affectedRows'>,
  maxRows: number,
  access: StatementAccess,
): Promise<RowsOutcome> {
  const rows: Row[] = [];
  let units = 0;
  let ended = false;
  while (rows.length <= maxRows) {
    // what has arrived, not as many as there may be: a thousand wide rows are too many before they can be measured
    const batch = await cursor.read(Math.min(BATCH_ROWS, maxRows + 1 - rows.length), true);
    for (const row of batch) {
      units += unitsOf(row);
      rows.push(row);
    }
    if (units > MAX_RESULT_UNITS) {
      throw new AppError('query.result_too_large', 'Ask for fewer rows or columns');
    }
    ended = batch.length === 0;
    if (ended) break;
  }
  // A write counts once it is read to its end; the rows behind the limit were changed as well.
  if (access === 'write') {
    if (!ended) await readToEnd(cursor);
  }
  const truncated = rows.length > maxRows;
  if (truncated) rows.pop();
  return { columns: cursor.columns, rows, truncated, affectedRows: cursor.affectedRows };
}

/** Takes what is left of a cursor and lets it go. */
export async function readToEnd(cursor: Pick<Cursor, 'read'>): Promise<void> {
  while ((await cursor.read(BATCH_ROWS, true)).length > 0);
}

/** Text of a row in UTF-16 units, about. */
export function unitsOf(cells: readonly Cell[]): number {
  let units = 0;
  for (const cell of cells) {
    if (typeof cell === 'string') units += cell.length + 3;
    else if (cell instanceof RawJson) units += cell.text.length;
    else if (Array.isArray(cell)) units += unitsOf(cell as readonly Cell[]);
    else units += 8;
  }
  return units;
}
