import type { CanonicalType } from '../cell';
import { encodeCell } from '../encode-cell';
import type { JsonWriter } from '../json-writer';
import type { PgType } from './builtin-types';
import { cellReader } from './cell-reader';

/** Writes the server's text of a value as JSON. */
export type CellWriter = (to: JsonWriter, bytes: Buffer, at: number, end: number) => void;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const letterT = 0x74;
/** `e` of an exponent, and the first letters of NaN and Infinity: JavaScript writes these in another way. */
const oddInNumbers: ReadonlySet<number> = new Set([0x65, 0x4e, 0x49]);

const quoted: CellWriter = (to, bytes, at, end) => to.quoted(bytes, at, end);

/**
 * Writers that give what `cellReader` and `encodeCell` give, without a string between. They are for the forms that
 * nearly all values have; the others, and the types that are not listed, take that way.
 */
const writers: Partial<Record<CanonicalType, (slow: CellWriter) => CellWriter>> = {
  boolean: () => (to, bytes, at) => to.raw(bytes[at] === letterT ? jsonTrue : jsonFalse),
  integer: () => (to, bytes, at, end) => to.raw(bytes, at, end),
  float: (slow) => (to, bytes, at, end) => {
    for (let index = at; index < end; index++)
      if (oddInNumbers.has(bytes[index]!)) return slow(to, bytes, at, end);
    to.raw(bytes, at, end);
  },
  json: (slow) => (to, bytes, at, end) => {
    for (let index = at; index < end; index++) {
      const byte = bytes[index]!;
      if (byte === lineFeed || byte === carriageReturn) return slow(to, bytes, at, end);
    }
    to.json(bytes, at, end);
  },
  timestamp: () => (to, bytes, at, end) => to.time(bytes, at, end),
  timestamptz: (slow) => (to, bytes, at, end) => {
    const utc = bytes[end - 3] === 0x2b && bytes[end - 2] === 0x30 && bytes[end - 1] === 0x30;
    if (utc) to.time(bytes, at, end - 3, 'Z');
    else slow(to, bytes, at, end);
  },
};

const jsonTrue = Buffer.from('true');
const jsonFalse = Buffer.from('false');

/** The writer of a type. */
export function cellWriter(type: PgType): CellWriter {
  const slow = throughCell(type);
  const fast = type.element ? undefined : writers[type.type]?.(slow);
  if (fast) return fast;
  return cellReader(type) === null ? quoted : slow;
}

/** By way of the cell: for what is rare, and for text that is not in UTF-8. */
export function throughCell(type: PgType): CellWriter {
  const read = cellReader(type);
  return (to, bytes, at, end) => {
    const text = bytes.toString('utf8', at, end);
    to.text(encodeCell(read ? read(text) : text));
  };
}
