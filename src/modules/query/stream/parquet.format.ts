import type { SchemaElement } from 'hyparquet';
import type { Row } from '../../../drivers/cell';
import type { ResultColumn } from '../query-result';
import { columnarTypeOf, columnarValue, type ColumnarType, type ColumnarValue } from './columnar-type';
import { loadPackage } from './load-package';
import type { Chunk, RowsEncoder, StreamFormat } from './stream-format';

type Parquet = typeof import('hyparquet-writer');

/** Of a row group: large enough to be read well, small enough to be encoded without anybody waiting for long. */
const GROUP_ROWS = 20_000;
/** Wide rows make a group earlier, by about this many bytes. */
const GROUP_BYTES = 8 * 1024 * 1024;

/** Apache Parquet, a row group at a time; the footer names them all. */
export const parquetFormat: StreamFormat<RowsEncoder> = {
  contentType: 'application/vnd.apache.parquet',
  extension: 'parquet',
  fixedColumns: true,
  compressed: true,
  options: [],
  load: async () => {
    const parquet = await loadPackage('hyparquet-writer', () => import('hyparquet-writer'));
    return ({ columns }) => new ParquetEncoder(parquet, columns);
  },
};

type Annotation = Omit<SchemaElement, 'name' | 'repetition_type'>;

/** Physical and logical types (parquet-format, LogicalTypes.md). */
const elements: Readonly<Record<ColumnarType, Annotation>> = {
  boolean: { type: 'BOOLEAN' },
  int64: { type: 'INT64' },
  // Without the logical type: the library writes its width as a number that other readers refuse.
  uint64: { type: 'INT64', converted_type: 'UINT_64' },
  double: { type: 'DOUBLE' },
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  binary: { type: 'BYTE_ARRAY' },
  date: { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } },
  timestamp: {
    type: 'INT64',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' },
  },
  timestamptz: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
};

class ParquetEncoder implements RowsEncoder {
  readonly #bytes: InstanceType<Parquet['ByteWriter']>;
  readonly #writer: InstanceType<Parquet['ParquetWriter']>;
  readonly #columns: { readonly name: string; readonly type: ColumnarType; values: ColumnarValue[] }[];
  #groupBytes = 0;

  constructor({ ByteWriter, ParquetWriter }: Parquet, columns: readonly ResultColumn[]) {
    this.#columns = columns.map((column) => ({
      name: column.name,
      type: columnarTypeOf(column),
      values: [],
    }));
    this.#bytes = new ByteWriter();
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      createdBy: 'sluice',
      schema: [
        { name: 'root', num_children: columns.length },
        ...this.#columns.map(({ name, type }): SchemaElement => ({
          name,
          repetition_type: 'OPTIONAL',
          ...elements[type],
        })),
      ],
    });
  }

  head(): Chunk {
    return this.#take();
  }

  rows(rows: readonly Row[]): Chunk {
    for (const row of rows) {
      for (const [index, { name, type, values }] of this.#columns.entries()) {
        const value = columnarValue(row[index], type, name);
        values.push(value);
        this.#groupBytes += sizeOf(value);
      }
    }
    const { length } = this.#columns[0]?.values ?? [];
    if (length >= GROUP_ROWS || this.#groupBytes >= GROUP_BYTES) this.#write();
    return this.#take();
  }

  end(): Chunk {
    this.#write();
    void this.#writer.finish();
    return this.#take();
  }

  #write(): void {
    const { length } = this.#columns[0]?.values ?? [];
    if (length === 0) return;
    void this.#writer.write({
      rowGroupSize: length,
      columnData: this.#columns.map(({ name, values }) => ({ name, data: values as unknown[] })),
    });
    for (const column of this.#columns) column.values = [];
    this.#groupBytes = 0;
  }

  /** What was written so far; offsets in the file go on counting. */
  #take(): Buffer {
    const bytes = Buffer.from(this.#bytes.getBytes());
    this.#bytes.index = 0;
    return bytes;
  }
}

function sizeOf(value: ColumnarValue): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 8;
}
