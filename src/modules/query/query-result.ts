import { roundedMs } from '../../common/rounded-ms';
import type { Column } from '../../drivers/cell';
import type { MaskedColumns } from '../../sql/policy/rewriting';
import { uniqueNames } from './unique-names';

export interface ResultColumn extends Pick<Column, 'name' | 'type'> {
  readonly elementType?: Column['type'];
  readonly nativeType: string;
  readonly masked: boolean;
}

/** What a run gave, with its rows as they stand in the answer: as JSON, with commas between them. */
export interface QueryOutcome {
  readonly columns: readonly Column[];
  readonly data: Buffer;
  /** Rows in `data`. */
  readonly count: number;
  /** Exact: the row after the limit was seen, or it was not. */
  readonly truncated: boolean;
  /** Rows a write changed; `null` for reads. */
  readonly affectedRows: number | null;
  /** SHA-256 of `data`, base64; `null` where nobody has asked for it yet. */
  readonly digest: string | null;
}

/** Rows of the answer; of a write, the rows it changed. */
export function rowCountOf({ affectedRows, count }: QueryOutcome): number {
  return affectedRows ?? count;
}

export interface ResultHead {
  readonly queryId: string;
  readonly executionTimeMs: number;
  readonly cached: boolean;
  readonly maskedColumns: MaskedColumns;
  /** Rows are missing, because whoever asked has allowed it; `metadata` says whose. */
  readonly partial?: boolean;
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
export function encodeResult(head: ResultHead, outcome: QueryOutcome): Buffer {
  const { queryId, executionTimeMs, cached, partial, metadata } = head;
  const tail = JSON.stringify({
    rowCount: rowCountOf(outcome),
    truncated: outcome.truncated,
    executionTimeMs: roundedMs(executionTimeMs),
    cached,
    ...(partial !== undefined && { partial }),
    metadata,
  });
  const columns = columnsText(outcome.columns, head.maskedColumns);
  const before = `{"queryId":"${queryId}","success":true,"columns":${columns},"data":[`;
  return Buffer.concat([Buffer.from(before), outcome.data, Buffer.from(`],${tail.slice(1)}`)]);
}

/** Of columns without masks: drivers give the same ones again for a statement that is asked again. */
const texts = new WeakMap<readonly Column[], string>();

function columnsText(columns: readonly Column[], masked: MaskedColumns): string {
  const known = masked === null ? texts.get(columns) : undefined;
  if (known !== undefined) return known;
  const text = JSON.stringify(resultColumns(columns, masked));
  if (masked === null) texts.set(columns, text);
  return text;
}
