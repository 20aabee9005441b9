import { AppError } from '../../../common/app-error';
import type { Column, Row } from '../../../drivers/cell';
import type { CallResults, OutValues, ProcedureDescription, ResultSet } from '../../../drivers/procedure';
import { BATCH_ROWS, MAX_RESULT_UNITS, unitsOf } from '../collect-rows';

export interface CollectedSet {
  readonly name: string | null;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Exact: a row beyond the limit was seen, or it was not. */
  readonly truncated: boolean;
}

/** What a call gave, before it is written as JSON. */
export interface CallOutcome {
  readonly procedure: ProcedureDescription;
  readonly sets: readonly CollectedSet[];
  readonly out: OutValues;
  readonly affectedRows: number | null;
}

/**
 * Reads the results of a call one after another, `maxRows` of all of them together; those behind the limit are in the
 * answer with their columns alone.
 *
 * @param onRows told of every row that was taken from the database
 * @throws AppError `query.result_too_large` before the memory of the service is spent on one answer
 */
export async function collectCall(
  results: CallResults,
  maxRows: number,
  onRows: (rows: number) => void,
): Promise<CallOutcome> {
  const sets: CollectedSet[] = [];
  let left = maxRows;
  let units = 0;
  const weigh = (row: Row): void => {
    units += unitsOf(row);
    if (units > MAX_RESULT_UNITS)
      throw new AppError('query.result_too_large', 'Ask for fewer rows or columns');
  };
  for (let set = await results.next(); set !== null; set = await results.next()) {
    const collected = await collectSet(set, left, (rows) => {
      onRows(rows.length);
      rows.forEach(weigh);
    });
    left -= collected.rows.length;
    sets.push(collected);
  }
  weigh(results.out.row);
  return { procedure: results.procedure, sets, out: results.out, affectedRows: results.affectedRows };
}

async function collectSet(
  set: ResultSet,
  limit: number,
  take: (rows: readonly Row[]) => void,
): Promise<CollectedSet> {
  const rows: Row[] = [];
  while (rows.length <= limit) {
    const batch = await set.read(Math.min(BATCH_ROWS, limit + 1 - rows.length), true);
    if (batch.length === 0) break;
    take(batch);
    rows.push(...batch);
  }
  const truncated = rows.length > limit;
  if (truncated) rows.pop();
  return { name: set.name, columns: set.columns, rows, truncated };
}

/** Rows of the answer, of all results together. */
export function rowsOf({ sets }: CallOutcome): number {
  return sets.reduce((sum, { rows }) => sum + rows.length, 0);
}
