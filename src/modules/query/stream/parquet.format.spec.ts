import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { RawJson, type Cell } from '../../../drivers/cell';
import type { ResultColumn } from '../query-result';
import { parquetFormat } from './parquet.format';

const column = (name: string, type: ResultColumn['type'], nativeType: string = type): ResultColumn => ({
  name,
  type,
  nativeType,
  masked: false,
});

async function file(columns: ResultColumn[], batches: Cell[][][]): Promise<ArrayBuffer> {
  const encoder = (await parquetFormat.load())({ queryId: 'q', columns, metadata: {} }, { rowMode: 'array' });
  const chunks = [await encoder.head()];
  for (const rows of batches) chunks.push(await encoder.rows(rows, columns));
  const nothing = { rowCount: 0, truncated: false, executionTimeMs: 0, sha256: '', columns };
  chunks.push(await encoder.end(nothing));
  return new Uint8Array(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)))).buffer;
}

describe('parquetFormat', () => {
  it('gives every type back, and what is missing', async () => {
    const columns = [
      column('flag', 'boolean'),
      column('int', 'integer', 'int4'),
      column('big', 'bigint', 'bigint unsigned'),
      column('float', 'float'),
      column('text', 'text'),
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
      '2026-11-20',
      '2026-11-20T01:02:03.004',
      '2026-11-20T01:02:03Z',
      '12.30',
      new RawJson('{"a":1}'),
    ];
    const read = await parquetReadObjects({ file: await file(columns, [[row, row.map(() => null)], [row]]) });
    expect(read).toHaveLength(3);
    expect(read[0]).toEqual({
      flag: true,
      int: -7n,
      big: 18446744073709551615n,
      float: 1.5,
      text: 'größe',
      day: new Date('2026-11-20'),
      at: new Date('2026-11-20T01:02:03.004Z'),
      zoned: new Date('2026-11-20T01:02:03Z'),
      amount: '12.30',
      json: '{"a":1}',
    });
    expect(Object.values(read[1]!).every((value) => value === null || value === undefined)).toBe(true);
  });

  it('keeps bytes as they are', async () => {
    const read = await parquetReadObjects({
      file: await file([column('b', 'bytes')], [[['AP8=']]]),
      utf8: false,
    });
    expect(read[0]!['b']).toEqual(new Uint8Array([0, 255]));
  });

  it('writes a group for every 20,000 rows, and earlier for wide ones', async () => {
    const batch = Array.from({ length: 1000 }, (_, n) => [n, `text ${n}`]);
    const columns = [column('n', 'integer'), column('text', 'text')];
    const bytes = await file(
      columns,
      Array.from({ length: 45 }, () => batch),
    );
    expect(parquetMetadata(bytes).row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([
      20_000, 20_000, 5000,
    ]);
    const read = await parquetReadObjects({ file: bytes });
    expect(read).toHaveLength(45_000);
    expect(read[44_999]).toEqual({ n: 999n, text: 'text 999' });
    const wide = Array.from({ length: 10 }, () => [[1, 'x'.repeat(5 * 1024 * 1024)]]);
    expect(parquetMetadata(await file(columns, wide)).row_groups).toHaveLength(5);
  });

  it('has a schema when there are no rows', async () => {
    const bytes = await file([column('n', 'integer')], []);
    expect(parquetMetadata(bytes).schema.map(({ name }) => name)).toEqual(['root', 'n']);
    expect(await parquetReadObjects({ file: bytes })).toEqual([]);
  });
});
