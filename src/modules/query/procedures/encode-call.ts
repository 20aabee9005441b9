import type { Row } from '../../../drivers/cell';
import { encodeRow, rowLayout, type RowMode } from '../../../drivers/row-layout';
import { layoutOf } from '../collect-result';
import { resultColumns, type ResultHead } from '../query-result';
import { uniqueNames } from '../unique-names';
import { rowsOf, type CallOutcome, type CollectedSet } from './collect-call';

/** The answer of `POST /api/database/procedure` as JSON text. */
export function encodeCall(head: ResultHead, outcome: CallOutcome, mode: RowMode): string {
  const { queryId, executionTimeMs, metadata } = head;
  const { columns, row } = outcome.out;
  const sets = outcome.sets.map((set) => encodeSet(set, mode)).join(',');
  const tail = JSON.stringify({
    rowCount: rowsOf(outcome),
    truncated: outcome.sets.some(({ truncated }) => truncated),
    executionTimeMs: Math.round(executionTimeMs * 1000) / 1000,
    cached: false,
    metadata,
  });
  const out = encodeRow(row, rowLayout(uniqueNames(columns.map(({ name }) => name)), 'object', {}));
  const described = JSON.stringify(resultColumns(columns, null));
  return `{"queryId":"${queryId}","success":true,"resultSets":[${sets}],"out":${out},"outColumns":${described},${tail.slice(1)}`;
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
