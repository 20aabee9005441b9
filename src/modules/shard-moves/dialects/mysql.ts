import { quoteIdentifier as quote } from '../../../common/quote/mysql';
import type { CanonicalType } from '../../../drivers/cell';
import type { MoveColumn } from '../move-table';
import type { Bind, MoveDialect } from './move-dialect';

/** How a column is read, bound and digested; `c` is the column, `p` a placeholder. */
interface Form {
  readonly read: (c: string) => string;
  readonly bind: (p: string, column: MoveColumn) => string;
  readonly digest: (c: string) => string;
}

const plain = (p: string): string => p;
const asText = (c: string): string => `CAST(${c} AS CHAR)`;
const asInteger = (p: string, { nativeType }: Pick<MoveColumn, 'nativeType'>): string =>
  `CAST(${p} AS ${/unsigned/i.test(nativeType) ? 'UNSIGNED' : 'SIGNED'})`;
const bytesOf = (c: string): string => `SHA2(CONVERT(${c} USING utf8mb4), 256)`;

/** Values of these print without a comma and in one way only. */
const printed: Form = { read: asText, bind: plain, digest: asText };
/** MariaDB sends JSON as JSON unless it is cast, and then its line breaks are not what is stored. */
const textual: Form = { read: asText, bind: plain, digest: bytesOf };
const integral: Form = { read: asText, bind: asInteger, digest: asText };

const forms: Partial<Readonly<Record<CanonicalType, Form>>> = {
  integer: integral,
  bigint: integral,
  boolean: integral,
  decimal: printed,
  date: printed,
  time: printed,
  timestamp: printed,
  timestamptz: printed,
  // FLOAT prints six digits: as a DOUBLE it prints those that make it unmistakable.
  float: { read: (c) => asText(`${c} + 0e0`), bind: plain, digest: (c) => asText(`${c} + 0e0`) },
  bytes: { read: plain, bind: (p) => `FROM_BASE64(${p})`, digest: (c) => `SHA2(${c}, 256)` },
  json: { ...textual, digest: (c) => bytesOf(asText(c)) },
  uuid: { ...textual, digest: (c) => bytesOf(asText(c)) },
  other: { ...textual, digest: (c) => bytesOf(asText(c)) },
};
const bit: Form = {
  read: (c) => asText(`${c} + 0`),
  bind: (p) => `CAST(${p} AS UNSIGNED)`,
  digest: (c) => asText(`${c} + 0`),
};

const formOf = ({ type, nativeType }: MoveColumn): Form =>
  nativeType.startsWith('bit') ? bit : (forms[type] ?? textual);
const nameOf = ({ name }: MoveColumn): string => quote(name);
const bound = (column: MoveColumn, bind: Bind, value: unknown): string =>
  formOf(column).bind(bind(value), column);

export const mysql: MoveDialect = {
  table: ({ name }) => quote(name),
  quote,
  placeholder: () => '?',
  read: (column) => formOf(column).read(nameOf(column)),
  bind: (column, placeholder) => formOf(column).bind(placeholder, column),
  digest: (columns) =>
    `SHA2(CONCAT_WS(',', ${columns.map((one) => `IFNULL(${formOf(one).digest(nameOf(one))}, 'N')`).join(', ')}), 256)`,
  number: (digest, skip, digits) => `CAST(CONV(MID(${digest}, ${skip + 1}, ${digits}), 16, 10) AS UNSIGNED)`,
  inRange: ({ key }, range, bind) => {
    const column = nameOf(key);
    if (range.kind === 'buckets') {
      const bucket = mysql.number(`SHA2(CONVERT(${column} USING utf8mb4), 256)`, 0, 12);
      return `${bucket} % ${range.bucketCount} IN (${range.buckets.join(', ')})`;
    }
    // The first finds them by the index, the second keeps out what only the collation takes for the same.
    const found = range.keys.map((one) => bound(key, bind, one)).join(', ');
    const exact = range.keys.map((one) => `CAST(${bind(one)} AS BINARY)`).join(', ');
    return `${column} IN (${found}) AND CAST(CONVERT(${column} USING utf8mb4) AS BINARY) IN (${exact})`;
  },
  // Of a comparison of rows the server makes no use of an index (MySQL manual, "Row Constructor Expression Optimization").
  after: (columns, values, bind) =>
    `(${columns
      .map((last, index) => {
        const equal = columns
          .slice(0, index)
          .map((one, at) => `${nameOf(one)} = ${bound(one, bind, values[at])}`);
        return `(${[...equal, `${nameOf(last)} > ${bound(last, bind, values[index])}`].join(' AND ')})`;
      })
      .join(' OR ')})`,
  text: asText,
  insert: (table, rows) => {
    const target = quote(table.name);
    const first = nameOf(table.primaryKey[0]!);
    return `INSERT INTO ${target} (${table.columns.map(nameOf).join(', ')}) VALUES ${rows.join(', ')}
      ON DUPLICATE KEY UPDATE ${first} = ${target}.${first}`;
  },
  deleteSome: (table, condition, limit) =>
    `DELETE FROM ${quote(table.name)} WHERE ${condition} LIMIT ${limit}`,
};
