import type { Column, Row } from '../../drivers/cell';
import type { MaskedColumns } from '../../sql/policy/rewriting';
import { rowEncoder } from './encode-rows';
import type { RowMode } from './query-request';
import { uniqueNames } from './unique-names';

export interface ResultColumn extends Pick<Column, 'name' | 'type'> {
  readonly elementType?: Column['type'];
  readonly nativeType: string;
  readonly masked: boolean;
}

/** What a run gave, before it is written as JSON. */
export interface QueryOutcome {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Exact: the row after the limit was seen, or it was not. */
  readonly truncated: boolean;
  /** Rows a write changed; `null` for reads. */
  readonly affectedRows: number | null;
}

/** Rows of the answer; of a write, the rows it changed. */
export function rowCountOf({ affectedRows, rows }: QueryOutcome): number {
  return affectedRows ?? rows.length;
}

export interface ResultHead {
  readonly queryId: string;
  readonly executionTimeMs: number;
  readonly cached: boolean;
  readonly maskedColumns: MaskedColumns;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export function resultColumns(columns: readonly Column[], masked: MaskedColumns): ResultColumn[] {
  const names = uniqueNames(columns.map(({ name }) => name));
  return columns.map(({ type, elementType, nativeType }, index) => ({
    name: names[index]!,
    type,
    ...(elementType !== undefined && { elementType }),
    nativeType,
    masked: isMasked(masked, index, columns[index]!.name),
  }));
}

function isMasked(masked: MaskedColumns, index: number, name: string): boolean {
  if (masked === null) return false;
  if (!('members' in masked)) return masked[index] ?? true;
  return masked.members === null || masked.members.includes(name);
}

/** The answer of `POST /api/database/query` as JSON text. */
export function encodeResult(head: ResultHead, outcome: QueryOutcome, mode: RowMode): string {
  const columns = resultColumns(outcome.columns, head.maskedColumns);
  const encodeRow = rowEncoder(
    columns.map(({ name }) => name),
    mode,
  );
  let data = '';
  for (let index = 0; index < outcome.rows.length; index++) {
    if (index > 0) data += ',';
    data += encodeRow(outcome.rows[index]!);
  }
  const { queryId, executionTimeMs, cached, metadata } = head;
  const tail = JSON.stringify({
    rowCount: rowCountOf(outcome),
    truncated: outcome.truncated,
    executionTimeMs: Math.round(executionTimeMs * 1000) / 1000,
    cached,
    metadata,
  });
  return `{"queryId":"${queryId}","success":true,"columns":${JSON.stringify(columns)},"data":[${data}],${tail.slice(1)}`;
}
