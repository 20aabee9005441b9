import { growingRowEncoder } from './growing-row-encoder';
import type { StreamFormat } from './stream-format';

/** One JSON array of the rows, a line each. */
export const jsonFormat: StreamFormat = {
  contentType: 'application/json; charset=utf-8',
  extension: null,
  fixedColumns: false,
  compressed: false,
  options: [],
  load: async () => (_head, options) => {
    const encode = growingRowEncoder(options.rowMode);
    let separator = '\n';
    return {
      head: () => '[',
      rows: (rows, columns) => {
        const encodeRow = encode(columns);
        let text = '';
        for (const row of rows) {
          text += separator + encodeRow(row);
          separator = ',\n';
        }
        return text;
      },
      end: ({ rowCount }) => (rowCount > 0 ? '\n]\n' : ']\n'),
    };
  },
};
