import type { Column, Row } from '../../drivers/cell';
import { encodeRow, rowLayout, type RowLayout, type RowMode } from '../../drivers/row-layout';
import type { MaskedColumns } from '../../sql/policy/rewriting';
import { uniqueNames } from './unique-names';

export interface ResultColumn extends Pick<Column, 'name' | 'type'> {
  readonly elementType?: Column['type'];
  readonly nativeType: string;
  readonly masked: boolean;
}

interface CollectedResult {
  readonly columns: readonly Column[];
  /** Exact: the row after the limit was seen, or it was not. */
  readonly truncated: boolean;
  /** Rows a write changed; `null` for reads. */
  readonly affectedRows: number | null;
}

/** What a run gave, before it is written as JSON. */
export interface QueryOutcome extends CollectedResult {
  readonly rows: readonly Row[];
}

/** What a run gave, with its rows as they stand in the answer: as JSON, a comma before each but the first. */
export interface EncodedOutcome extends CollectedResult {
  readonly data: Buffer;
  readonly count: number;
}

/** Rows of the answer; of a write, the rows it changed. */
export function rowCountOf(outcome: QueryOutcome | EncodedOutcome): number {
  return outcome.affectedRows ?? ('rows' in outcome ? outcome.rows.length : outcome.count);
}

/** Rows of a collected answer: the comma before the first is cut off. */
export function resultLayout(columns: readonly Column[], mode: RowMode): RowLayout {
  return rowLayout(uniqueNames(columns.map(({ name }) => name)), mode, { ahead: ',' });
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
export function encodeResult(
  head: ResultHead,
  outcome: QueryOutcome | EncodedOutcome,
  mode: RowMode,
): Buffer {
  const columns = resultColumns(outcome.columns, head.maskedColumns);
  const { queryId, executionTimeMs, cached, metadata } = head;
  const tail = JSON.stringify({
    rowCount: rowCountOf(outcome),
    truncated: outcome.truncated,
    executionTimeMs: Math.round(executionTimeMs * 1000) / 1000,
    cached,
    metadata,
  });
  const before = `{"queryId":"${queryId}","success":true,"columns":${JSON.stringify(columns)},"data":[`;
  const after = `],${tail.slice(1)}`;
  if ('rows' in outcome) return Buffer.from(before + encodeRows(outcome, mode) + after);
  return Buffer.concat([Buffer.from(before), outcome.data, Buffer.from(after)]);
}

function encodeRows({ columns, rows }: QueryOutcome, mode: RowMode): string {
  const layout = resultLayout(columns, mode);
  let data = '';
  for (const row of rows) data += encodeRow(row, layout);
  return data.slice(1);
}
