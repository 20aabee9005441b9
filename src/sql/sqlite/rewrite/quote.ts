import { refuse } from '../../refused';

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A value as a literal. In SQLite's strings nothing but the quote is special (https://sqlite.org/lang_expr.html#literal_values_constants_). */
export function quoteValue(value: string | number | boolean | null, name: string): string {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse('policy.broken', `The value of :${name} is no finite number`);
    return Object.is(value, -0) ? '0' : `(${value})`;
  }
  if (value.includes('\0') || /\p{Surrogate}/u.test(value))
    refuse('policy.broken', `The value of :${name} holds a character that SQLite cannot take`);
  return quoteText(value);
}
