import type { ColumnPolicy, RelationPolicy } from './relation-policy';
import type { Visibility } from './visibility';

export type Quote = (text: string) => string;

const hidden: ColumnPolicy = { rule: 'mask', mask: 'null' };

export function hiding(columns: string): Map<string, ColumnPolicy> {
  return new Map(
    columns
      .split(' ')
      .filter((name) => name !== '')
      .map((name) => [name, hidden]),
  );
}

export function rule(
  filter: ((visibility: Visibility) => string | null) | null,
  columns = '',
): (visibility: Visibility) => RelationPolicy {
  return (visibility) => {
    const text = filter?.(visibility) ?? null;
    return { rowFilters: text === null ? [] : [text], columns: hiding(columns) };
  };
}

/** `x IN ('a', 'b')`; false for an empty list. */
export function isIn(expression: string, values: readonly string[], quote: Quote): string {
  return values.length === 0 ? '(1 = 0)' : `${expression} IN (${values.map(quote).join(', ')})`;
}
