import { RawJson, type Cell } from '../cell';
import { describeColumn, wire, type WireColumn } from './column-type';

/** What mysql2 gives under the options of the driver: numbers, strings, and bytes. */
export type WireValue = number | string | Buffer | null;

export type CellReader = (value: Exclude<WireValue, null>) => Cell;

const text = (value: Exclude<WireValue, null>): string =>
  Buffer.isBuffer(value) ? value.toString('utf8') : String(value);
const bytes: CellReader = (value) => Buffer.from(value as Buffer).toString('base64');

/** Readers by type code; the others are by canonical type. */
const readers: Readonly<Record<number, (column: WireColumn) => CellReader>> = {
  [wire.float]: () => (value) => double(shortestFloat(Number(value))),
  [wire.double]: () => (value) => double(Number(value)),
  [wire.bit]: (column) => (value) => bits(value as Buffer, column.columnLength),
  [wire.geometry]: () => (value) => geometry(value as Buffer).toString('base64'),
  [wire.date]: () => text,
  [wire.time]: (column) => (value) => padFraction(String(value), column.decimals),
  [wire.datetime]: (column) => (value) => padFraction(String(value).replace(' ', 'T'), column.decimals),
  // the session's zone is UTC
  [wire.timestamp]: (column) => (value) =>
    `${padFraction(String(value).replace(' ', 'T'), column.decimals)}Z`,
};

export function cellReader(column: WireColumn): CellReader {
  const own = readers[column.columnType];
  if (own) return own(column);
  switch (describeColumn(column).type) {
    case 'json':
      return (value) => new RawJson(text(value).replace(/[\r\n]+/g, ' '));
    case 'integer':
      return Number;
    case 'bytes':
      return bytes;
    case 'uuid':
      return (value) => text(value).toLowerCase();
    default:
      return text;
  }
}

/** JSON numbers keep the sign of zero, JavaScript's printing of them does not. */
function double(value: number): Cell {
  return Object.is(value, -0) ? new RawJson('-0') : value;
}

/** The shortest decimal that is this 32-bit number and no other; mysql2 widens it to 64 bits. */
function shortestFloat(value: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

function bits(value: Buffer, length: number): string {
  let digits = '';
  for (const byte of value) digits += byte.toString(2).padStart(8, '0');
  return digits.slice(-length).padStart(length, '0');
}

/** The binary protocol leaves out a fraction of zero and zeros at its end; the column's scale says how many there are. */
function padFraction(time: string, decimals: number): string {
  if (decimals < 1 || decimals > 6) return time;
  const [whole = '', fraction = ''] = time.split('.');
  return `${whole}.${fraction.padEnd(decimals, '0')}`;
}

/**
 * MySQL stores geometry as a 32-bit SRID and WKB. Without an SRID that is WKB, with one the extended form that carries
 * it (EWKB, flag 0x20000000 in the type), so that nothing is lost.
 */
function geometry(value: Buffer): Buffer {
  const srid = value.readUInt32LE(0);
  if (srid === 0) return value.subarray(4);
  const head = Buffer.alloc(9);
  head.writeUInt8(value.readUInt8(4), 0);
  head.writeUInt32LE((value.readUInt32LE(5) | 0x20000000) >>> 0, 1);
  head.writeUInt32LE(srid, 5);
  return Buffer.concat([head, value.subarray(9)]);
}
