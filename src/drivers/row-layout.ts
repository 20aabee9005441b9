import type { Row } from './cell';
import { encodeCell } from './encode-cell';

/** What stands around the cells of a row of JSON text. */
export interface RowLayout {
  readonly open: string;
  /** Before each cell: a comma but for the first, and in an object the name. */
  readonly before: readonly string[];
  readonly close: string;
}

export type RowMode = 'object' | 'array';

/** What stands before the first row and behind the last is the caller's. */
export interface RowSeparators {
  readonly ahead?: string;
  readonly behind?: string;
}

/** Rows as JSON text in one piece, laid out as asked. */
export interface EncodedRows {
  readonly bytes: Buffer;
  readonly count: number;
}

/** @param names of the columns, each once */
export function rowLayout(
  names: readonly string[],
  mode: RowMode,
  { ahead = '', behind = '' }: RowSeparators,
): RowLayout {
  const [open, close] = mode === 'object' ? ['{', '}'] : ['[', ']'];
  return {
    open: ahead + open,
    before: names.map(
      (name, index) => (index > 0 ? ',' : '') + (mode === 'object' ? `${JSON.stringify(name)}:` : ''),
    ),
    close: close + behind,
  };
}

/** A layout as UTF-8. */
export interface LayoutBytes {
  readonly open: Buffer;
  readonly before: readonly Buffer[];
  readonly close: Buffer;
}

export function layoutBytes({ open, before, close }: RowLayout): LayoutBytes {
  return {
    open: Buffer.from(open),
    before: before.map((text) => Buffer.from(text)),
    close: Buffer.from(close),
  };
}

/** A row may be shorter than the layout (schemaless engines): what it lacks is null. */
export function encodeRow(row: Row, { open, before, close }: RowLayout): string {
  let text = open;
  for (let index = 0; index < before.length; index++) text += before[index]! + encodeCell(row[index]);
  return text + close;
}
