/**
 * The canonical types of docs/types.md: each engine's types map onto these, and each has one JSON form that
 * loses nothing.
 *
 * | type | JSON form |
 * |---|---|
 * | `boolean` | `true` / `false` |
 * | `integer` | number; every value is exact (within ±(2^53 − 1)) |
 * | `bigint` | string of decimal digits |
 * | `decimal` | string, with the scale the database gave |
 * | `float` | number; `"NaN"`, `"Infinity"`, `"-Infinity"` as strings |
 * | `text` | string |
 * | `bytes` | string, base64 (RFC 4648 §4) |
 * | `date` | string `YYYY-MM-DD` (ISO 8601; years outside 0001–9999 as the database writes them) |
 * | `time` / `timetz` | string `HH:MM:SS[.ffffff]` / with `±HH:MM` |
 * | `timestamp` | string `YYYY-MM-DDTHH:MM:SS[.ffffff]`, no zone |
 * | `timestamptz` | the same in UTC with `Z` |
 * | `interval` | string, ISO 8601 duration |
 * | `uuid` | string, lower case |
 * | `json` | the JSON value itself, numbers as the database wrote them |
 * | `array` | JSON array of the element type's form |
 * | `objectid` | string of 24 hexadecimal digits |
 * | `mixed` | MongoDB Extended JSON v2: a column whose values are of several types |
 * | `other` | string, the database's own text form |
 */
export const canonicalTypes = [
  'boolean',
  'integer',
  'bigint',
  'decimal',
  'float',
  'text',
  'bytes',
  'date',
  'time',
  'timetz',
  'timestamp',
  'timestamptz',
  'interval',
  'uuid',
  'json',
  'array',
  'objectid',
  'mixed',
  'other',
] as const;
export type CanonicalType = (typeof canonicalTypes)[number];

/**
 * JSON text that goes into the answer as it stands: parsing it would round numbers that JavaScript cannot hold.
 * The text is one valid JSON value on one line.
 */
export class RawJson {
  constructor(readonly text: string) {}
}

/** A value of a result row in its canonical JSON form. */
export type Cell = null | boolean | number | string | RawJson | readonly Cell[];

/** Values in the order of the columns. A row shorter than the columns has no value there (schemaless engines). */
export type Row = readonly Cell[];

export interface Column {
  /** As the database names it; two columns of a result may share a name. */
  readonly name: string;
  readonly type: CanonicalType;
  /** The element's canonical type where `type` is `array`. */
  readonly elementType?: CanonicalType;
  /** The type as the engine names it, e.g. `int8`, `decimal(10,2)`. */
  readonly nativeType: string;
}
