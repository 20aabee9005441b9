import { RawJson, type Row } from '../../../drivers/cell';
import { encodeCell } from '../../../drivers/encode-cell';
import type { ResultColumn } from '../query-result';
import { uniqueNames } from '../unique-names';

/** Columns that stay as they are, and what makes rows fit them. */
export interface FoldedColumns {
  readonly columns: readonly ResultColumn[];
  readonly fold: (rows: readonly Row[], known: readonly ResultColumn[]) => readonly Row[];
}

/**
 * For formats whose columns stand at the start: members that a schemaless engine shows later are gathered as a JSON
 * object in a last column, so that nothing is lost.
 */
export function foldColumns(first: readonly ResultColumn[]): FoldedColumns {
  const names = uniqueNames([...first.map(({ name }) => name), '$more']);
  const more: ResultColumn = {
    name: names.at(-1)!,
    type: 'json',
    nativeType: 'object',
    masked: false,
  };
  const width = first.length;
  const rest = (row: Row, known: readonly ResultColumn[]): RawJson | null => {
    const members: string[] = [];
    for (let index = width; index < row.length; index++) {
      const cell = row[index] ?? null;
      if (cell !== null) members.push(`${JSON.stringify(known[index]?.name)}:${encodeCell(cell)}`);
    }
    return members.length === 0 ? null : new RawJson(`{${members.join(',')}}`);
  };
  return {
    columns: [...first, more],
    fold: (rows, known) =>
      rows.map((row) => {
        const cells = row.slice(0, width);
        while (cells.length < width) cells.push(null);
        cells.push(rest(row, known));
        return cells;
      }),
  };
}
