import type { ClientBase } from 'pg';
import Cursor from 'pg-cursor';

const BATCH = 500;

/** Rows of a statement through a cursor on the server, as far as somebody reads. */
export async function* readRows<T>(client: ClientBase, sql: string, values: unknown[]): AsyncGenerator<T[]> {
  const cursor = client.query(new Cursor<T>(sql, values));
  try {
    for (;;) {
      const rows = await cursor.read(BATCH);
      if (rows.length === 0) return;
      yield rows;
    }
  } finally {
    await cursor.close();
  }
}
