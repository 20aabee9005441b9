import { quoteText } from '../../../common/quote/sqlite';
import { refuse } from '../../refused';

/** The value of a variable of a policy. */
export function quoteLiteral(value: string | number | boolean | null, name: string): string {
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
