import type { Row } from './cell';
import type { QueryRequest, Source } from './driver';

/** All rows of one of the driver's own statements. */
export async function collectRows(
  source: Pick<Source, 'query'>,
  text: string,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Row[]> {
  const request: QueryRequest = { text, values: [], access: 'read', timeoutMs };
  const cursor = await source.query(request, signal);
  try {
    const rows: Row[] = [];
    for (;;) {
      const more = await cursor.read(5_000);
      for (const row of more) rows.push(row);
      if (more.length < 5_000) return rows;
    }
  } finally {
    await cursor[Symbol.asyncDispose]();
  }
}
