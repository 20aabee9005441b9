import { quoteText } from '../../common/quote/mysql';

export function quoteLiteral(value: string | number | boolean | null): string {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (typeof value === 'number') return value < 0 ? `(${value})` : String(value);
  return quoteText(value);
}
