import { RowsEncoder } from '../rows-encoder';
import type { PgType } from './builtin-types';
import { cellReader } from './cell-reader';
import { cellWriter } from './cell-writer';
import { convertCells } from './convert-cells';
import { wireCells, type WireRow } from './wire-row';

/** Encodes rows of columns of these types. PostgreSQL sends nothing but UTF-8; others that speak its protocol may not. */
export function rowsEncoder(types: readonly PgType[]): RowsEncoder<WireRow> {
  const writers = types.map(cellWriter);
  return new RowsEncoder({
    write(to, { bytes, at }, before, jsonNull) {
      let next = at + 2;
      for (let index = 0; index < writers.length; index++) {
        const length = bytes.readInt32BE(next);
        next += 4;
        to.raw(before[index]!);
        if (length < 0) {
          to.raw(jsonNull);
        } else {
          writers[index]!(to, bytes, next, next + length);
          next += length;
        }
      }
    },
    cells: (row) => convertCells(wireCells(row), types.map(cellReader)),
  });
}
