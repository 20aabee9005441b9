import { arrowColumn, arrowType } from './arrow-batch';
import { columnarTypeOf, columnarValue } from './columnar-type';
import { loadPackage } from './load-package';
import type { RowsEncoder, StreamFormat } from './stream-format';

type Arrow = typeof import('apache-arrow');

/** Arrow's IPC streaming format: a schema, record batches as rows come, an end marker. */
export const arrowFormat: StreamFormat<RowsEncoder> = {
  contentType: 'application/vnd.apache.arrow.stream',
  extension: 'arrows',
  fixedColumns: true,
  compressed: false,
  options: [],
  load: async () => {
    const arrow = await loadPackage('apache-arrow', () => import('apache-arrow'));
    return ({ columns }) => {
      const typed = columns.map((column) => {
        const columnar = columnarTypeOf(column);
        return {
          name: column.name,
          nativeType: column.nativeType,
          columnar,
          type: arrowType(arrow, columnar),
        };
      });
      const schema = new arrow.Schema(
        typed.map(({ name, nativeType, type }) => {
          return new arrow.Field(name, type, true, new Map([['nativeType', nativeType]]));
        }),
      );
      const writer = collectingWriter(arrow);
      return {
        head: () => writer.take(() => writer.reset(undefined, schema)),
        rows: (rows) =>
          writer.take(() => {
            const children = typed.map(({ name, columnar, type }, index) =>
              arrowColumn(
                arrow,
                type,
                columnar,
                rows.map((row) => columnarValue(row[index], columnar, name)),
              ),
            );
            const type = new arrow.Struct(schema.fields);
            const data = arrow.makeData({ type, length: rows.length, nullCount: 0, children });
            writer.write(new arrow.RecordBatch(schema, data));
          }),
        end: () => writer.take(() => writer.finish()),
      };
    };
  },
};

/** A writer whose bytes are taken as they are made. */
function collectingWriter({ RecordBatchStreamWriter }: Arrow) {
  return new (class extends RecordBatchStreamWriter {
    #bytes: Uint8Array[] = [];

    take(work: () => void): Uint8Array {
      work();
      const bytes = Buffer.concat(this.#bytes);
      this.#bytes = [];
      return bytes;
    }

    protected override _write(chunk: ArrayBufferView): this {
      const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (bytes.byteLength > 0) this.#bytes.push(bytes);
      this._position += bytes.byteLength;
      return this;
    }
  })();
}
