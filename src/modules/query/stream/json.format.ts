import { growingRowLayout } from './growing-row-layout';
import type { StreamFormat } from './stream-format';

/** One JSON array of the rows, a line each. */
export const jsonFormat: StreamFormat = {
  contentType: 'application/json; charset=utf-8',
  extension: null,
  fixedColumns: false,
  compressed: false,
  options: [],
  load: async () => (_head, options) => ({
    head: () => '[',
    layout: growingRowLayout(options.rowMode, { ahead: ',\n' }),
    separator: 1,
    end: ({ rowCount }) => (rowCount > 0 ? '\n]\n' : ']\n'),
  }),
};
