import { quoteIdentifier as quote } from '../../../common/quote/postgresql';
import type { MoveColumn } from '../move-table';
import type { MoveDialect } from './move-dialect';

const nameOf = ({ name }: MoveColumn): string => quote(name);
const sha256 = (text: string): string => `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`;

/** Every type has a text form that its input reads back exactly; the session's settings for it are the driver's. */
export const postgresql: MoveDialect = {
  table: ({ schema, name }) => `${quote(schema ?? 'public')}.${quote(name)}`,
  quote,
  placeholder: (position) => `$${position}`,
  read: (column) => `${nameOf(column)}::text`,
  bind: (_, placeholder) => placeholder,
  digest: (columns) => sha256(`ROW(${columns.map(nameOf).join(', ')})::text`),
  number: (digest, skip, digits) =>
    `('x' || substr(${digest}, ${skip + 1}, ${digits}))::bit(${digits * 4})::bigint`,
  inRange: ({ key }, range, bind) => {
    const column = nameOf(key);
    if (range.kind === 'buckets') {
      const bucket = postgresql.number(sha256(`${column}::text`), 0, 12);
      return `${bucket} % ${range.bucketCount} IN (${range.buckets.join(', ')})`;
    }
    // The first finds them by the index, the second keeps out what only the collation takes for the same.
    const found = range.keys.map((one) => bind(one)).join(', ');
    const exact = range.keys.map((one) => `${bind(one)}::text`).join(', ');
    return `${column} IN (${found}) AND ${column}::text IN (${exact})`;
  },
  after: (columns, values, bind) =>
    `(${columns.map(nameOf).join(', ')}) > (${values.map((value) => bind(value)).join(', ')})`,
  text: (expression) => `(${expression})::text`,
  insert: (table, rows) =>
    `INSERT INTO ${postgresql.table(table)} (${table.columns.map(nameOf).join(', ')}) OVERRIDING SYSTEM VALUE
      VALUES ${rows.join(', ')} ON CONFLICT DO NOTHING`,
  // A row version has one place in one partition; the condition stands twice so that no other partition is meant.
  deleteSome: (table, condition, limit) => {
    const target = postgresql.table(table);
    return `DELETE FROM ${target} WHERE ${condition} AND (tableoid, ctid) IN (
      SELECT tableoid, ctid FROM ${target} WHERE ${condition} LIMIT ${limit})`;
  },
};
