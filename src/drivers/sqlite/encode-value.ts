import type { CanonicalType } from '../cell';
import { isSafe, type SqliteValue } from './column-type';
import type { WireCell } from './protocol';

/**
 * A value in the form of its column's type. SQLite stores any class in almost any column: a value of another class
 * than the column's becomes a tagged object (Extended JSON v2, and `$text` for text in a column that is not text), so
 * that nothing is lost and nothing is taken for something else.
 */
export function encodeValue(value: SqliteValue, type: CanonicalType): WireCell {
  if (value === null) return null;
  if (typeof value === 'bigint') {
    if (type === 'integer' && isSafe(value)) return Number(value);
    return type === 'bigint' || type === 'decimal' ? String(value) : tagged('$numberLong', String(value));
  }
  if (typeof value === 'number') {
    if (type === 'float' && Object.is(value, -0)) return { raw: '-0' };
    if (type === 'float') return Number.isFinite(value) ? value : String(value);
    if (type === 'decimal' && Number.isFinite(value)) return String(value);
    return tagged('$numberDouble', Object.is(value, -0) ? '-0.0' : String(value));
  }
  if (typeof value === 'string') return type === 'text' || type === 'mixed' ? value : tagged('$text', value);
  const base64 = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  return type === 'bytes' ? base64 : tagged('$binary', { base64, subType: '00' });
}

function tagged(tag: string, value: unknown): WireCell {
  return { raw: JSON.stringify({ [tag]: value }) };
}
