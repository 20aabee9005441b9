import { encodeCell } from '../encode-cell';
import type { JsonWriter } from '../json-writer';
import { cellReader } from './cell-reader';
import { describeColumn, unsignedFlag, wire, type WireColumn } from './column-type';
import { valueReader, type WirePacket } from './wire-row';

/** Writes the value that the packet stands at as JSON, and goes behind it. */
export type CellWriter = (to: JsonWriter, packet: WirePacket) => void;

/** Lengths of dates: without a time, with one, and with microseconds. */
const dateBytes = 4;
const dateTimeBytes = 7;

/** JSON on one line passes as it stands. */
function jsonText(slow: CellWriter): CellWriter {
  return (to, packet) => {
    const { buffer, offset } = packet;
    const length = packet.readLengthCodedNumber()!;
    const at = packet.offset;
    const end = at + length;
    for (let index = at; index < end; index++) {
      if (buffer[index] === 0x0a || buffer[index] === 0x0d) {
        packet.offset = offset;
        return slow(to, packet);
      }
    }
    to.json(buffer, at, end);
    packet.offset = end;
  };
}

function quoted(to: JsonWriter, packet: WirePacket): void {
  const length = packet.readLengthCodedNumber()!;
  const at = packet.offset;
  to.quoted(packet.buffer, at, at + length);
  packet.offset = at + length;
}

function integer(unsigned: CellWriter, signed: CellWriter) {
  return ({ flags }: WireColumn): CellWriter => (flags & unsignedFlag ? unsigned : signed);
}
const long = integer(
  (to, packet) => to.integer(packet.readInt32()),
  (to, packet) => to.integer(packet.readSInt32()),
);

/** By type code, for the forms that nearly all values have; the others are written by way of the cell. */
const writers: Readonly<Record<number, (column: WireColumn, slow: CellWriter) => CellWriter>> = {
  [wire.tiny]: integer(
    (to, packet) => to.integer(packet.readInt8()),
    (to, packet) => to.integer(packet.readSInt8()),
  ),
  [wire.short]: integer(
    (to, packet) => to.integer(packet.readInt16()),
    (to, packet) => to.integer(packet.readSInt16()),
  ),
  [wire.long]: long,
  [wire.int24]: long,
  [wire.year]: () => (to, packet) => to.integer(packet.readInt16()),
  [wire.longlong]: (_column, slow) => (to, packet) => {
    const { buffer, offset } = packet;
    const high = buffer.readInt32LE(offset + 4);
    // A number holds 53 bits exactly.
    if (high < 0 || high >= 0x20_0000) return slow(to, packet);
    to.integerText(high * 0x1_0000_0000 + buffer.readUInt32LE(offset));
    packet.offset = offset + 8;
  },
  [wire.decimal]: () => quoted,
  [wire.newdecimal]: () => quoted,
  [wire.json]: (_column, slow) => jsonText(slow),
  [wire.datetime]: ({ decimals }, slow) => dateTime(decimals, '', slow),
  // the session's zone is UTC
  [wire.timestamp]: ({ decimals }, slow) => dateTime(decimals, 'Z', slow),
};

function dateTime(decimals: number, zone: '' | 'Z', slow: CellWriter): CellWriter {
  // Fractions are written by the way of the cell: they are padded there.
  if (decimals > 0) return slow;
  return (to, packet) => {
    const { buffer, offset } = packet;
    const length = buffer[offset]!;
    if (length !== dateBytes && length !== dateTimeBytes) return slow(to, packet);
    const timed = length === dateTimeBytes;
    to.dateTime(
      buffer.readUInt16LE(offset + 1),
      buffer[offset + 3]!,
      buffer[offset + 4]!,
      timed ? buffer[offset + 5]! : 0,
      timed ? buffer[offset + 6]! : 0,
      timed ? buffer[offset + 7]! : 0,
      zone,
    );
    packet.offset = offset + 1 + length;
  };
}

/** The writer of a column: for most values without a string between, for the rest by way of the cell. */
export function cellWriter(column: WireColumn): CellWriter {
  const read = valueReader(column);
  const toCell = cellReader(column);
  const slow: CellWriter = (to, packet) => {
    const value = read(packet);
    to.text(encodeCell(value === null ? null : toCell(value)));
  };
  const { type } = describeColumn(column);
  const known = writers[column.columnType]?.(column, slow);
  if (known) return known;
  if (!(column.columnType in strings) || column.encoding !== 'utf8') return slow;
  if (type === 'json') return jsonText(slow);
  return type === 'text' ? quoted : slow;
}

/** Type codes of what travels as a string. */
const strings: Readonly<Record<number, true>> = {
  [wire.enum]: true,
  [wire.set]: true,
  [wire.tinyBlob]: true,
  [wire.mediumBlob]: true,
  [wire.longBlob]: true,
  [wire.blob]: true,
  [wire.varString]: true,
  [wire.string]: true,
};
