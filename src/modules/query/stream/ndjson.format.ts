import { growingRowLayout } from './growing-row-layout';
import type { StreamFormat } from './stream-format';

/**
 * A line that says what comes, a line for each row, and a line that says how it ended. Head and trailer are objects
 * with the same `queryId`: no row can pass itself off as the trailer of a stream that was cut, since no row can know it.
 */
export const ndjsonFormat: StreamFormat = {
  contentType: 'application/x-ndjson; charset=utf-8',
  extension: null,
  fixedColumns: false,
  compressed: false,
  options: [],
  load: async () => (head, options) => {
    const { queryId } = head;
    return {
      head: () => `${JSON.stringify(head)}\n`,
      layout: growingRowLayout(options.rowMode, { behind: '\n' }),
      end: ({ columns, ...summary }) => {
        const grown = columns.length > head.columns.length && { columns };
        return `${JSON.stringify({ queryId, status: 'success', ...summary, ...grown })}\n`;
      },
      failure: ({ problem, ...sent }) =>
        `${JSON.stringify({ queryId, status: 'error', ...sent, error: problem })}\n`,
    };
  },
};
