import { quoteText } from '../../common/quote/postgresql';

export function quoteLiteral(value: string | number | boolean | null): string {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') return Number.isFinite(value) ? `(${value})` : `'${value}'`;
  return quoteText(value);
}
