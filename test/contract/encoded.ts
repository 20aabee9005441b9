import type { Source } from '../../src/drivers/driver';
import { encodeRow, rowLayout } from '../../src/drivers/row-layout';
import { collect, never, request } from './driver-contract';
import type { Statement } from './fixture';

/** For results of two columns. */
const layout = rowLayout(['value', 'noth"ing'], 'object', { ahead: ',\n', behind: ' ' });

/** Every row as JSON, made of the bytes that the server has sent. */
export async function encoded(source: Source, statement: Statement): Promise<string> {
  await using cursor = await source.query(request(statement), never);
  let text = '';
  for (;;) {
    const { bytes, count } = await cursor.encode!(layout, 100);
    text += bytes.toString();
    if (count < 100) return text;
  }
}

/** The same by way of the cells. */
export async function encodedByCells(source: Source, statement: Statement): Promise<string> {
  const { rows } = await collect(source, request(statement));
  return rows.map((row) => encodeRow(row, layout)).join('');
}
