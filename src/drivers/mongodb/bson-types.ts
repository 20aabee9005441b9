import type { CanonicalType } from '../cell';
import { bsonKind } from './bson-kind';

/** BSON types by the names of `$type` (https://www.mongodb.com/docs/manual/reference/bson-types/), and the canonical type of each. */
const canonical: Readonly<Record<string, CanonicalType>> = {
  double: 'float',
  string: 'text',
  object: 'json',
  array: 'json',
  binData: 'bytes',
  uuid: 'uuid',
  objectId: 'objectid',
  bool: 'boolean',
  date: 'timestamptz',
  int: 'integer',
  long: 'bigint',
  decimal: 'decimal',
};

const byKind: Readonly<Record<string, string>> = {
  Double: 'double',
  Int32: 'int',
  Long: 'long',
  Decimal128: 'decimal',
  ObjectId: 'objectId',
  BSONRegExp: 'regex',
  Timestamp: 'timestamp',
  MinKey: 'minKey',
  MaxKey: 'maxKey',
  Code: 'javascript',
  BSONSymbol: 'symbol',
  DBRef: 'dbPointer',
};

const UUID = 4;

/** The name of a value's type; binary data whose subtype says more than bytes has a name of its own. */
export function bsonTypeOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'undefined';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'double';
  if (typeof value === 'bigint') return 'long';
  if (value instanceof Date) return 'date';
  if (Array.isArray(value)) return 'array';
  const kind = bsonKind(value);
  if (kind === undefined) return 'object';
  if (kind !== 'Binary') return byKind[kind] ?? kind;
  const { sub_type: subtype, position } = value as { sub_type: number; position: number };
  if (subtype === UUID && position === 16) return 'uuid';
  return subtype === 0 ? 'binData' : `binData(${subtype})`;
}

/** The type of a column by the types of its values: numbers that share an exact form share a column. */
export function columnTypeOf(types: ReadonlySet<string>): CanonicalType {
  const known = [...types].filter((type) => type !== 'null');
  const [only] = known;
  if (known.length === 1 && only !== undefined) return canonical[only] ?? 'mixed';
  const within = (...allowed: string[]): boolean =>
    known.length > 0 && known.every((type) => allowed.includes(type));
  if (within('int', 'long')) return 'bigint';
  if (within('int', 'double')) return 'float';
  return within('object', 'array') ? 'json' : 'mixed';
}
