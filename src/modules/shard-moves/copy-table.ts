import { isAppError } from '../../common/app-error';
import type { Row } from '../../drivers/cell';
import type { MoveTable } from './move-table';
import { placeOf, ShardSide } from './shard-side';

const ROWS_AT_ONCE = 500;

export interface Copied {
  /** Rows read so far. */
  readonly rows: number;
  /** The last of them; `null` when the table is done. */
  readonly after: Row | null;
}

/**
 * Copies the rows of a table batch by batch. What is there already stays as it is, so a batch may be copied twice; what
 * changes meanwhile, or does not fit yet, is for those who compare.
 * @param done called after every batch, with what is to be remembered
 */
export async function copyTable(
  from: ShardSide,
  to: ShardSide,
  table: MoveTable,
  begun: Copied | null,
  done: (copied: Copied) => Promise<void>,
): Promise<void> {
  const limit = ShardSide.rowsAtOnce(table, ROWS_AT_ONCE);
  let { rows: count, after } = begun ?? { rows: 0, after: null };
  if (begun && after === null) return;
  for (;;) {
    const rows = await from.batch(table, after, limit);
    await insertWhatFits(to, table, rows);
    count += rows.length;
    const last = rows.at(-1);
    after = rows.length < limit || !last ? null : placeOf(table, last);
    await done({ rows: count, after });
    if (after === null) return;
  }
}

/**
 * A row may refer to another that was written after its table was copied: it is left out here.
 * @returns how many were inserted
 */
export async function insertWhatFits(to: ShardSide, table: MoveTable, rows: readonly Row[]): Promise<number> {
  try {
    return await to.insert(table, rows);
  } catch (error) {
    if (!isAppError(error, 'query.constraint')) throw error;
    if (rows.length === 1) return 0;
    const middle = Math.ceil(rows.length / 2);
    const first = await insertWhatFits(to, table, rows.slice(0, middle));
    return first + (await insertWhatFits(to, table, rows.slice(middle)));
  }
}
