import type { WireValue } from './cell-reader';
import { binaryCharset, unsignedFlag, wire, type WireColumn } from './column-type';

/**
 * The payload of a row's packet where it was received; nothing is written over its bytes. A class, because V8 may come to
 * make what a literal makes in the old generation, where only full collections free it and the bytes it holds: the rows
 * that wait all outlive a collection of the young one, however short their lives.
 */
export class WireRow {
  constructor(
    readonly buffer: Buffer,
    readonly offset: number,
    readonly end: number,
  ) {}
}

/** A packet of mysql2, which is used again for every row. `offset` is where the next method reads. */
export interface WirePacket {
  buffer: Buffer;
  offset: number;
  end: number;
  clone(): WirePacket;
  readInt8(): number;
  readSInt8(): number;
  readInt16(): number;
  readSInt16(): number;
  readInt32(): number;
  readSInt32(): number;
  readInt64String(): string;
  readSInt64String(): string;
  readFloat(): number;
  readDouble(): number;
  readDateTimeString(decimals: number, separator: string | null, columnType: number): string;
  readTimeString(): string;
  readLengthCodedNumber(): number | null;
  readLengthCodedString(encoding: string): string | null;
  readLengthCodedBuffer(): Buffer | null;
}

/** Reads the next value of a row. */
export type ValueReader = (packet: WirePacket) => WireValue;

const bytes: ValueReader = (packet) => packet.readLengthCodedBuffer();
const ascii: ValueReader = (packet) => packet.readLengthCodedString('ascii');

function integer(unsigned: ValueReader, signed: ValueReader) {
  return ({ flags }: WireColumn): ValueReader => (flags & unsignedFlag ? unsigned : signed);
}
const long = integer(
  (packet) => packet.readInt32(),
  (packet) => packet.readSInt32(),
);
const date =
  ({ decimals, columnType }: WireColumn): ValueReader =>
  (packet) =>
    packet.readDateTimeString(decimals, null, columnType);

/** By type code (manual, "Binary Protocol Value"); all others are strings. */
const readers: Readonly<Record<number, (column: WireColumn) => ValueReader>> = {
  [wire.tiny]: integer(
    (packet) => packet.readInt8(),
    (packet) => packet.readSInt8(),
  ),
  [wire.short]: integer(
    (packet) => packet.readInt16(),
    (packet) => packet.readSInt16(),
  ),
  [wire.long]: long,
  [wire.int24]: long,
  [wire.longlong]: integer(
    (packet) => packet.readInt64String(),
    (packet) => packet.readSInt64String(),
  ),
  [wire.year]: () => (packet) => packet.readInt16(),
  [wire.float]: () => (packet) => packet.readFloat(),
  [wire.double]: () => (packet) => packet.readDouble(),
  [wire.null]: () => () => null,
  [wire.date]: date,
  [wire.datetime]: date,
  [wire.timestamp]: date,
  [wire.time]: () => (packet) => packet.readTimeString(),
  [wire.decimal]: () => ascii,
  [wire.newdecimal]: () => ascii,
  [wire.json]: () => (packet) => packet.readLengthCodedString('utf8'),
  [wire.geometry]: () => bytes,
  [wire.vector]: () => bytes,
};

/** How a column's values are read from rows of the binary protocol. */
export function valueReader(column: WireColumn): ValueReader {
  const { encoding } = column;
  const text: ValueReader = (packet) => packet.readLengthCodedString(encoding);
  if (column.extendedFormat === 'json') return text;
  return readers[column.columnType]?.(column) ?? (column.characterSet === binaryCharset ? bytes : text);
}

/** Bytes of the bits that say which cells are NULL; the first two are not used (manual, "Binary Protocol Resultset Row"). */
function nullBytes(columns: number): number {
  return (columns + 7 + 2) >> 3;
}

export function isNull(buffer: Buffer, bitmap: number, index: number): boolean {
  return (buffer[bitmap + ((index + 2) >> 3)]! & (1 << ((index + 2) & 7))) !== 0;
}

/** Puts a packet before the first value of a row; where the bits begin that say which are NULL. */
export function enterRow(packet: WirePacket, { buffer, offset, end }: WireRow, columns: number): number {
  // behind the byte that says that it is a row
  const bitmap = offset + 1;
  packet.buffer = buffer;
  packet.offset = bitmap + nullBytes(columns);
  packet.end = end;
  return bitmap;
}

/** All values of a row. */
export function readValues(packet: WirePacket, row: WireRow, readers: readonly ValueReader[]): WireValue[] {
  const bitmap = enterRow(packet, row, readers.length);
  return readers.map((read, index) => (isNull(packet.buffer, bitmap, index) ? null : read(packet)));
}
