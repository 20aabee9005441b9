import type { Row } from '../cell';
import { RowsEncoder } from '../rows-encoder';
import { cellWriter } from './cell-writer';
import type { WireColumn } from './column-type';
import { enterRow, isNull, type WirePacket, type WireRow } from './wire-row';

/**
 * Encodes rows of the binary protocol.
 * @param packet of the library, to read them with
 */
export function rowsEncoder(
  columns: readonly WireColumn[],
  packet: WirePacket,
  cells: (row: WireRow) => Row,
): RowsEncoder<WireRow> {
  const writers = columns.map(cellWriter);
  return new RowsEncoder({
    write(to, row, before, jsonNull) {
      const bitmap = enterRow(packet, row, writers.length);
      for (let index = 0; index < writers.length; index++) {
        to.raw(before[index]!);
        if (isNull(row.buffer, bitmap, index)) to.raw(jsonNull);
        else writers[index]!(to, packet);
      }
    },
    cells,
  });
}
