import { roundedMs } from '../../../common/rounded-ms';
import type { Row } from '../../../drivers/cell';
import { encodeRow, rowLayout, type RowMode } from '../../../drivers/row-layout';
import { layoutOf } from '../collect-result';
import { resultColumns, type ResultHead } from '../query-result';
import { uniqueNames } from '../unique-names';
import { rowsOf, type CallOutcome, type CollectedSet } from './collect-call';

/** What a call gave, as it stands in the answer. */
export function encodeResults({ sets, out: { columns, row } }: CallOutcome, mode: RowMode): string {
  const results = sets.map((set) => encodeSet(set, mode)).join(',');
  const out = encodeRow(row, rowLayout(uniqueNames(columns.map(({ name }) => name)), 'object', {}));
  return `"resultSets":[${results}],"out":${out}`;
}

/** The answer of `POST /api/database/procedure` as JSON text. @param results of `encodeResults` */
export function encodeCall(head: ResultHead, outcome: CallOutcome, results: string): string {
  const { queryId, executionTimeMs, metadata } = head;
  const tail = JSON.stringify({
    rowCount: rowsOf(outcome),
    truncated: outcome.sets.some(({ truncated }) => truncated),
    executionTimeMs: roundedMs(executionTimeMs),
    cached: false,
    metadata,
  });
  const described = JSON.stringify(resultColumns(outcome.out.columns, null));
  return `{"queryId":"${queryId}","success":true,${results},"outColumns":${described},${tail.slice(1)}`;
}

function encodeSet({ name, columns, rows, truncated }: CollectedSet, mode: RowMode): string {
  const described = JSON.stringify(resultColumns(columns, null));
  const layout = layoutOf(columns, mode);
  const data = rows
    .map((row: Row) => encodeRow(row, layout))
    .join('')
    .slice(1);
  const tail = `"rowCount":${rows.length},"truncated":${truncated}`;
  return `{"name":${JSON.stringify(name)},"columns":${described},"data":[${data}],${tail}}`;
}
