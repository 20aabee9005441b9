import { tableFromIPC, Type, type Timestamp } from 'apache-arrow';
import { RawJson, type Cell } from '../../../drivers/cell';
import type { ResultColumn } from '../query-result';
import { arrowFormat } from './arrow.format';

const column = (name: string, type: ResultColumn['type'], nativeType: string = type): ResultColumn => ({
  name,
  type,
  nativeType,
  masked: false,
});

async function table(columns: ResultColumn[], batches: Cell[][][]): Promise<ReturnType<typeof tableFromIPC>> {
  const encoder = (await arrowFormat.load())({ queryId: 'q', columns, metadata: {} }, { rowMode: 'array' });
  const chunks = [await encoder.head()];
  for (const rows of batches) chunks.push(await encoder.rows(rows, columns));
  const nothing = { rowCount: 0, truncated: false, executionTimeMs: 0, sha256: '', columns };
  chunks.push(await encoder.end(nothing));
  return tableFromIPC(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))));
}

describe('arrowFormat', () => {
  it('gives every type back, and what is missing', async () => {
    const columns = [
      column('flag', 'boolean'),
      column('int', 'integer', 'int4'),
      column('big', 'bigint', 'bigint unsigned'),
      column('float', 'float'),
      column('text', 'text'),
      column('bytes', 'bytes'),
      column('day', 'date'),
      column('at', 'timestamp'),
      column('zoned', 'timestamptz'),
      column('amount', 'decimal', 'numeric(12,2)'),
      column('json', 'json'),
    ];
    const row: Cell[] = [
      true,
      -7,
      '18446744073709551615',
      1.5,
      'größe',
      'AP8=',
      '2026-11-20',
      '2026-11-20T01:02:03.000004',
      '2026-11-20T01:02:03Z',
      '12.30',
      new RawJson('{"a":1}'),
    ];
    const read = await table(columns, [[row, row.map(() => null)], [row]]);
    expect(read.numRows).toBe(3);
    expect(read.schema.fields.map(({ type }) => type.typeId)).toEqual([
      Type.Bool,
      Type.Int,
      Type.Int,
      Type.Float,
      Type.Utf8,
      Type.Binary,
      Type.Date,
      Type.Timestamp,
      Type.Timestamp,
      Type.Utf8,
      Type.Utf8,
    ]);
    const zoned = read.schema.fields[8]?.type as Timestamp | undefined;
    expect(zoned?.timezone).toBe('UTC');
    expect(read.schema.fields[9]?.metadata.get('nativeType')).toBe('numeric(12,2)');
    const at = Date.UTC(2026, 10, 20, 1, 2, 3);
    const [first, second] = [0, 1].map((n) => read.get(n)?.toArray());
    expect(first).toEqual([
      true,
      -7n,
      18446744073709551615n,
      1.5,
      'größe',
      new Uint8Array([0, 255]),
      Date.UTC(2026, 10, 20),
      at + 0.004,
      at,
      '12.30',
      '{"a":1}',
    ]);
    expect(second).toEqual(row.map(() => null));
  });

  it('has a schema when there are no rows', async () => {
    const read = await table([column('n', 'integer')], []);
    expect([read.numRows, read.schema.names]).toEqual([0, ['n']]);
  });
});
