import type { CanonicalType } from '../cell';

/** A value as the binding hands it out: INTEGER, REAL, TEXT, BLOB, NULL. */
export type SqliteValue = null | bigint | number | string | Uint8Array;

/** Rules of https://sqlite.org/datatype3.html#determination_of_column_affinity, in their order. */
const affinities: readonly (readonly [RegExp, CanonicalType])[] = [
  [/bigint|int8/i, 'bigint'],
  [/int/i, 'integer'],
  [/char|clob|text/i, 'text'],
  [/blob/i, 'bytes'],
  [/real|floa|doub/i, 'float'],
];

/**
 * The canonical type of a declared type; `null` where SQLite stores whatever comes (NUMERIC affinity, such as DECIMAL,
 * DATE and BOOLEAN, no declared type, and expressions): there the values decide.
 */
export function typeOfDeclared(declared: string | null): CanonicalType | null {
  if (declared === null || declared === '') return null;
  return affinities.find(([pattern]) => pattern.test(declared))?.[1] ?? null;
}

/** SQLite's integers have 64 bits whatever was declared: a column is `integer` as long as JSON numbers are exact. */
export function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
}

/** What becomes of a declared type when the first portion of values does not fit it. */
export function widened(declared: CanonicalType, values: Iterable<SqliteValue>): CanonicalType {
  if (declared !== 'integer') return declared;
  for (const value of values) if (typeof value === 'bigint' && !isSafe(value)) return 'bigint';
  return declared;
}

const numeric = /^(?:dec|num)/i;

/** The type of a column that has no fixed one, by the values of the first portion that was read. */
export function typeOfValues(declared: string | null, values: Iterable<SqliteValue>): CanonicalType {
  const classes = new Set<CanonicalType>();
  for (const value of values) if (value !== null) classes.add(classOf(value));
  if (numeric.test(declared ?? '') && !classes.has('text') && !classes.has('bytes')) return 'decimal';
  if (classes.has('bigint')) classes.delete('integer');
  const [only] = classes;
  return classes.size === 1 && only !== undefined ? only : 'mixed';
}

function classOf(value: Exclude<SqliteValue, null>): CanonicalType {
  if (typeof value === 'bigint') return isSafe(value) ? 'integer' : 'bigint';
  if (typeof value === 'number') return 'float';
  return typeof value === 'string' ? 'text' : 'bytes';
}
