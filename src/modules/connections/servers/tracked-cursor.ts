import type { Row } from '../../../drivers/cell';
import type { Cursor, ServerRole } from '../../../drivers/driver';

interface Tracking {
  readonly onFailure: (error: unknown) => void;
  /** Called once. */
  readonly onClose: () => void;
}

/** The same cursor, which says who serves it and tells when it fails and when it is closed. */
export function trackedCursor(
  cursor: Cursor,
  servedBy: ServerRole,
  { onFailure, onClose }: Tracking,
): Cursor {
  let open = true;
  return {
    servedBy,
    get columns() {
      return cursor.columns;
    },
    get affectedRows() {
      return cursor.affectedRows;
    },
    async read(limit: number, soon?: boolean): Promise<Row[]> {
      try {
        return await cursor.read(limit, soon);
      } catch (error) {
        onFailure(error);
        throw error;
      }
    },
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
