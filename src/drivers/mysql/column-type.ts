import type { FieldPacket } from 'mysql2';
import type { CanonicalType, Column } from '../cell';

/** A column definition packet as mysql2 reads it. */
export interface WireColumn extends Pick<FieldPacket, 'name'> {
  readonly columnType: number;
  /** 63 is "binary": bytes, not text. */
  readonly characterSet: number;
  /** mysql2's name of it. */
  readonly encoding: string;
  readonly flags: number;
  /** Digits behind the point; 31 where they are not fixed. */
  readonly decimals: number;
  /** Bytes a value takes at most, four for each character. */
  readonly columnLength: number;
  /** MariaDB 10.5 and later: `uuid`, `inet6`, … and `json`, which travel as text. */
  readonly extendedTypeName?: string;
  readonly extendedFormat?: string;
}

/** Column definition flags (include/mysql_com.h). */
export const unsignedFlag = 32;
const enumFlag = 256;
const setFlag = 2_048;
export const binaryCharset = 63;

/** Type codes of the protocol (enum_field_types). */
export const wire = {
  decimal: 0,
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  bit: 16,
  vector: 242,
  json: 245,
  newdecimal: 246,
  enum: 247,
  set: 248,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const;

interface Naming {
  readonly type: CanonicalType;
  readonly name: string | ((column: WireColumn) => string);
}

const integer = (name: string): Naming => ({ type: 'integer', name: (column) => name + sign(column) });
const fraction = (type: CanonicalType, name: string): Naming => ({
  type,
  name: (column) => name + seconds(column),
});

const decimal: Naming = {
  type: 'decimal',
  name: (column) => {
    // the length counts the sign and the point
    const digits =
      column.columnLength - (column.decimals > 0 ? 1 : 0) - (column.flags & unsignedFlag ? 0 : 1);
    return `decimal(${digits},${column.decimals})${sign(column)}`;
  },
};

const names: Readonly<Record<number, Naming>> = {
  [wire.decimal]: decimal,
  [wire.newdecimal]: decimal,
  [wire.tiny]: integer('tinyint'),
  [wire.short]: integer('smallint'),
  [wire.int24]: integer('mediumint'),
  [wire.long]: integer('int'),
  [wire.longlong]: { type: 'bigint', name: (column) => `bigint${sign(column)}` },
  [wire.float]: { type: 'float', name: 'float' },
  [wire.double]: { type: 'float', name: 'double' },
  [wire.null]: { type: 'text', name: 'null' },
  [wire.timestamp]: fraction('timestamptz', 'timestamp'),
  [wire.datetime]: fraction('timestamp', 'datetime'),
  [wire.date]: { type: 'date', name: 'date' },
  [wire.time]: fraction('time', 'time'),
  [wire.year]: { type: 'integer', name: 'year' },
  [wire.bit]: { type: 'other', name: (column) => `bit(${column.columnLength})` },
  [wire.json]: { type: 'json', name: 'json' },
  [wire.geometry]: { type: 'bytes', name: 'geometry' },
  [wire.vector]: { type: 'bytes', name: 'vector' },
};

/** MariaDB's types behind a string or blob on the wire. */
const extended: Readonly<Record<string, CanonicalType>> = { uuid: 'uuid', inet4: 'other', inet6: 'other' };

export function describeColumn(column: WireColumn): Column {
  if (column.extendedFormat === 'json') return { name: column.name, type: 'json', nativeType: 'json' };
  const special = column.extendedTypeName === undefined ? undefined : extended[column.extendedTypeName];
  if (special) return { name: column.name, type: special, nativeType: column.extendedTypeName! };
  const naming = names[column.columnType] ?? stringNaming(column);
  return {
    name: column.name,
    type: naming.type,
    nativeType: typeof naming.name === 'string' ? naming.name : naming.name(column),
  };
}

function stringNaming(column: WireColumn): Naming {
  if (column.flags & enumFlag) return { type: 'text', name: 'enum' };
  if (column.flags & setFlag) return { type: 'text', name: 'set' };
  const binary = column.characterSet === binaryCharset;
  const length = binary ? column.columnLength : column.columnLength / 4;
  const type = binary ? 'bytes' : 'text';
  if (column.columnType === wire.string) return { type, name: `${binary ? 'binary' : 'char'}(${length})` };
  if (column.columnType === wire.varString)
    return { type, name: `${binary ? 'varbinary' : 'varchar'}(${length})` };
  return { type, name: blobSize(column.columnLength) + (binary ? 'blob' : 'text') };
}

/** All sizes share one code on the wire; a text's length is given in bytes of four for each character. */
function blobSize(bytes: number): string {
  if (bytes <= 255 * 4) return 'tiny';
  if (bytes <= 65_535 * 4) return '';
  return bytes <= 16_777_215 * 4 ? 'medium' : 'long';
}

function sign(column: WireColumn): string {
  return column.flags & unsignedFlag ? ' unsigned' : '';
}

function seconds(column: WireColumn): string {
  return column.decimals > 0 && column.decimals <= 6 ? `(${column.decimals})` : '';
}
