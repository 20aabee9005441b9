import { csvQuoted, withoutFormula } from '../../../common/csv-text';
import { RawJson, type Cell } from '../../../drivers/cell';
import { encodeCell } from '../../../drivers/encode-cell';
import type { RowsEncoder, StreamFormat } from './stream-format';

/** RFC 4180, section 2: what must stand in quotes. */
const NEEDS_QUOTES = /[",\r\n]/;

/**
 * RFC 4180: CRLF, commas, quotes doubled. A missing value is an empty field and an empty text is `""`, as PostgreSQL's
 * COPY has it; whoever reads with a program that sees no difference says with `null` how missing values are written.
 */
export const csvFormat: StreamFormat<RowsEncoder> = {
  contentType: 'text/csv; charset=utf-8',
  extension: 'csv',
  fixedColumns: true,
  compressed: false,
  options: ['null', 'header', 'guard', 'bom'],
  load:
    async () =>
    (head, { null: missing = '', header = true, guard = false, bom = false }) => {
      const text = (value: string): string => {
        const safe = guard ? withoutFormula(value) : value;
        // An empty text, or one that reads like a missing value, is told from it by its quotes.
        return NEEDS_QUOTES.test(safe) || safe === '' || safe === missing ? csvQuoted(safe) : safe;
      };
      const numeric = head.columns.map(({ type }) => type in numericTypes);
      const field = (cell: Cell | undefined, index: number): string => {
        if (cell === null || cell === undefined) return missing;
        // Digits of a number run nothing, and a minus in front of them is no formula.
        if (typeof cell === 'string') return numeric[index] ? cell : text(cell);
        return cell instanceof RawJson || typeof cell === 'object'
          ? text(encodeCell(cell))
          : encodeCell(cell);
      };
      const { length } = head.columns;
      return {
        head: () =>
          (bom ? '\ufeff' : '') +
          (header ? `${head.columns.map(({ name }) => text(name)).join(',')}\r\n` : ''),
        rows: (rows) => {
          let lines = '';
          for (const row of rows) {
            for (let index = 0; index < length; index++) {
              if (index > 0) lines += ',';
              lines += field(row[index], index);
            }
            lines += '\r\n';
          }
          return lines;
        },
        end: () => '',
      };
    },
};

/** Types whose text is a number, `NaN` or `Infinity`. */
const numericTypes: Readonly<Record<string, true>> = {
  integer: true,
  bigint: true,
  decimal: true,
  float: true,
};
