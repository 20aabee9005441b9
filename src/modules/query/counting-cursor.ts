import type { Row } from '../../drivers/cell';
import type { Cursor } from '../../drivers/driver';
import type { EncodedRows, RowLayout } from '../../drivers/row-layout';

/** The same cursor, which tells how many rows were read of it, also when nobody reads it to its end. */
export function countingCursor(cursor: Cursor, onRows: (count: number) => void): Cursor {
  return {
    get columns() {
      return cursor.columns;
    },
    get affectedRows() {
      return cursor.affectedRows;
    },
    async read(limit: number, soon?: boolean): Promise<Row[]> {
      const rows = await cursor.read(limit, soon);
      onRows(rows.length);
      return rows;
    },
    ...(cursor.encode && {
      async encode(layout: RowLayout, limit: number, soon?: boolean): Promise<EncodedRows> {
        const rows = await cursor.encode!(layout, limit, soon);
        onRows(rows.count);
        return rows;
      },
    }),
    [Symbol.asyncDispose]: () => cursor[Symbol.asyncDispose](),
  };
}
