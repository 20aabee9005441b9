import type { Row } from '../../../drivers/cell';
import type { Cursor } from '../../../drivers/driver';
import type { EncodedRows, RowLayout } from '../../../drivers/row-layout';

interface Tracking {
  readonly onFailure: (error: unknown) => void;
  /** Called once. */
  readonly onClose: () => void;
}

/** The same cursor, which says who serves it and tells when it fails and when it is closed. */
export function trackedCursor(
  cursor: Cursor,
  service: Pick<Cursor, 'servedBy' | 'bounded'>,
  { onFailure, onClose }: Tracking,
): Cursor {
  let open = true;
  const watched = async <T>(reading: Promise<T>): Promise<T> => {
    try {
      return await reading;
    } catch (error) {
      onFailure(error);
      throw error;
    }
  };
  return {
    ...service,
    get columns() {
      return cursor.columns;
    },
    get affectedRows() {
      return cursor.affectedRows;
    },
    read: (limit: number, soon?: boolean): Promise<Row[]> => watched(cursor.read(limit, soon)),
    ...(cursor.encode && {
      encode: (layout: RowLayout, limit: number, soon?: boolean): Promise<EncodedRows> =>
        watched(cursor.encode!(layout, limit, soon)),
    }),
    async [Symbol.asyncDispose]() {
      try {
        await cursor[Symbol.asyncDispose]();
      } finally {
        if (open) onClose();
        open = false;
      }
    },
  };
}
