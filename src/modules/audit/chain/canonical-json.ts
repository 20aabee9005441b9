import { storableText } from '../../../common/storable-text';

/**
 * The one text of a value: RFC 8785 (JSON Canonicalization Scheme). Members sorted by UTF-16 code units, numbers as
 * ECMAScript prints them, no white space. What no JSON text can hold becomes what can: `undefined` members are left
 * out, NUL becomes U+2400 and a lone surrogate U+FFFD, because PostgreSQL's `jsonb` holds neither.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(storableText(value));
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'bigint') return JSON.stringify(String(value));
  if (typeof value !== 'object' || value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    return canonicalJson((value as { toJSON: () => unknown }).toJSON());
  }
  let text = '';
  for (const key of Object.keys(value).toSorted()) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(storableText(key))}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}
