import type { Row } from '../cell';
import type { CellReader } from './cell-reader';

/** Cells in their canonical form; `null` stands for a reader where the server's text is that already. */
export function convertCells(
  cells: readonly (string | null)[],
  readers: readonly (CellReader | null)[],
): Row {
  return cells.map((cell, index) => {
    const reader = readers[index];
    return cell === null || !reader ? cell : reader(cell);
  });
}
