import { mongo } from 'mongoose';
import { bsonKind } from './bson-kind';

const { BSON } = mongo;
const SAFE_DATES = [0, 253_402_300_799_999] as const; // 1970 to 9999: what relaxed Extended JSON writes as ISO 8601

type Writer = (value: never) => string;
const tag = (name: string, value: unknown): string => `{${JSON.stringify(name)}:${JSON.stringify(value)}}`;

/**
 * MongoDB Extended JSON v2 that loses nothing: the relaxed form where it is exact (32-bit integers, doubles with a
 * fraction, strings, booleans, dates from 1970 to 9999), the canonical form for everything else, so that each value
 * comes back with its type.
 */
export function toExtendedJson(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return '{"$undefined":true}';
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number') return double(value);
  if (typeof value === 'bigint') return tag('$numberLong', String(value));
  if (value instanceof Date) return date(value);
  if (Array.isArray(value)) return `[${value.map(toExtendedJson).join(',')}]`;
  const kind = bsonKind(value);
  const write = kind === undefined ? undefined : byKind[kind];
  if (write) return write(value as never);
  if (kind !== undefined) return BSON.EJSON.stringify(value, { relaxed: false });
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${toExtendedJson(member)}`,
  );
  return `{${members.join(',')}}`;
}

const byKind: Readonly<Record<string, Writer>> = {
  Int32: ({ value }: { value: number }) => String(value),
  Double: ({ value }: { value: number }) => double(value),
  Long: (value: { toString(): string }) => tag('$numberLong', value.toString()),
  Decimal128: (value: { toString(): string }) => tag('$numberDecimal', value.toString()),
  ObjectId: (value: { toHexString(): string }) => tag('$oid', value.toHexString()),
};

function double(value: number): string {
  if (Number.isFinite(value) && !Number.isInteger(value)) return JSON.stringify(value);
  if (!Number.isFinite(value)) return tag('$numberDouble', String(value));
  const digits = Object.is(value, -0) ? '-0' : String(value);
  return tag('$numberDouble', /[e.]/.test(digits) ? digits : `${digits}.0`);
}

function date(value: Date): string {
  const time = value.getTime();
  // beyond the range of JavaScript's dates the client library keeps nothing of the value
  if (Number.isNaN(time)) return tag('$date', null);
  return time >= SAFE_DATES[0] && time <= SAFE_DATES[1]
    ? tag('$date', value.toISOString())
    : `{"$date":${tag('$numberLong', String(time))}}`;
}
