import { RawJson, type CanonicalType, type Cell } from '../cell';
import { bsonTypeOf } from './bson-types';
import { toExtendedJson } from './extended-json';
import { numberOf } from './number-of';

interface Textual {
  toString(encoding?: string): string;
}
interface Bytes {
  readonly buffer: Uint8Array;
  readonly position: number;
}

type Encode = (value: never) => Cell | undefined;
const text: Encode = (value: Textual) => value.toString();

/** Forms of a value by the type of its column and its own; a pair that is not listed has none. */
const forms: Readonly<Partial<Record<CanonicalType, Readonly<Record<string, Encode>>>>> = {
  boolean: { bool: (value: boolean) => value },
  integer: { int: (value) => numberOf(value) },
  bigint: { int: (value) => String(numberOf(value)), long: text },
  decimal: { decimal: text },
  float: { double: (value) => float(numberOf(value)), int: (value) => numberOf(value) },
  text: { string: (value: string) => value },
  bytes: { binData: (value: Bytes) => bytesOf(value).toString('base64') },
  uuid: {
    uuid: (value: Bytes) =>
      bytesOf(value)
        .toString('hex')
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  },
  objectid: { objectId: (value: { toHexString(): string }) => value.toHexString() },
  timestamptz: { date: (value: Date) => (Number.isNaN(value.getTime()) ? undefined : value.toISOString()) },
  json: {
    object: (value) => new RawJson(toExtendedJson(value)),
    array: (value) => new RawJson(toExtendedJson(value)),
  },
  mixed: { string: (value: string) => value, bool: (value: boolean) => value },
};

/**
 * A value in the form of its column's type. A column takes its type from the first portion of the result; a later value
 * of another type becomes Extended JSON v2 (`{"$text": …}` for a string), so that nothing is taken for something else.
 */
export function encodeCell(value: unknown, type: CanonicalType): Cell {
  if (value === null) return null;
  const form = forms[type]?.[bsonTypeOf(value)]?.(value as never);
  if (form !== undefined) return form;
  if (typeof value === 'string') return new RawJson(JSON.stringify({ $text: value }));
  return new RawJson(toExtendedJson(value));
}

function float(value: number): Cell {
  if (!Number.isFinite(value)) return String(value);
  return Object.is(value, -0) ? new RawJson('-0') : value;
}

const bytesOf = ({ buffer, position }: Bytes): Buffer =>
  Buffer.from(buffer.buffer, buffer.byteOffset, position);
