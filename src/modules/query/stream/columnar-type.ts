import { AppError } from '../../../common/app-error';
import { RawJson, type Cell } from '../../../drivers/cell';
import { encodeCell } from '../../../drivers/encode-cell';
import type { ResultColumn } from '../query-result';

/** Types that columnar formats share. Timestamps are microseconds, dates days since 1970-01-01. */
export type ColumnarType =
  'boolean' | 'int64' | 'uint64' | 'double' | 'string' | 'binary' | 'date' | 'timestamp' | 'timestamptz';

export type ColumnarValue = boolean | bigint | number | string | Uint8Array | null;

/** What is not listed is a string, decimals among them: their precision is not bounded. */
const types: Readonly<Partial<Record<ResultColumn['type'], ColumnarType>>> = {
  boolean: 'boolean',
  integer: 'int64',
  bigint: 'int64',
  float: 'double',
  bytes: 'binary',
  date: 'date',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
};

export function columnarTypeOf({ type, nativeType }: ResultColumn): ColumnarType {
  if (type === 'bigint' && /\bunsigned\b/i.test(nativeType)) return 'uint64';
  return types[type] ?? 'string';
}

type Read = (cell: string | number | boolean) => ColumnarValue | undefined;

const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})0*)?Z?$/;
const DAY_MS = 86_400_000;

const whole: Read = (cell) =>
  typeof cell === 'boolean' || !/^-?\d+$/.test(String(cell)) ? undefined : BigInt(cell);
const micros: Read = (cell) => {
  const [, base, fraction = ''] = TIMESTAMP.exec(String(cell)) ?? [];
  const ms = base === undefined ? Number.NaN : Date.parse(`${base}Z`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1000n + BigInt(fraction.padEnd(6, '0'));
};

const readers: Readonly<Record<Exclude<ColumnarType, 'string'>, Read>> = {
  boolean: (cell) => (typeof cell === 'boolean' ? cell : undefined),
  int64: (cell) => {
    const value = whole(cell);
    return typeof value === 'bigint' && BigInt.asIntN(64, value) === value ? value : undefined;
  },
  uint64: (cell) => {
    const value = whole(cell);
    return typeof value === 'bigint' && BigInt.asUintN(64, value) === value ? value : undefined;
  },
  double: (cell) => {
    const value = Number(cell);
    return Number.isNaN(value) && cell !== 'NaN' ? undefined : value;
  },
  binary: (cell) => (typeof cell === 'string' ? Buffer.from(cell, 'base64') : undefined),
  date: (cell) => {
    const days = /^\d{4}-\d\d-\d\d$/.test(String(cell))
      ? Date.parse(`${String(cell)}T00:00:00Z`) / DAY_MS
      : Number.NaN;
    return Number.isNaN(days) ? undefined : days;
  },
  timestamp: micros,
  timestamptz: micros,
};

/**
 * A cell as a value of its column's type.
 * @throws AppError `query.invalid_value` for what the type does not hold (`infinity`, years above 9999): a value is not
 * changed quietly
 */
export function columnarValue(cell: Cell | undefined, type: ColumnarType, name: string): ColumnarValue {
  if (cell === null || cell === undefined) return null;
  if (type === 'string') return typeof cell === 'string' ? cell : encodeCell(cell);
  // A number that JavaScript prints otherwise is raw: -0.
  const plain = cell instanceof RawJson && type === 'double' ? cell.text : cell;
  const value = typeof plain === 'object' ? undefined : readers[type](plain);
  if (value !== undefined) return value;
  throw new AppError(
    'query.invalid_value',
    `A value of ${name} does not fit a column of type ${type}; cast it to text`,
  );
}
