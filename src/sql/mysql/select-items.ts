import type { Tokens } from './tokens';

const modifiers = new Set([
  ...[
    'all',
    'distinct',
    'distinctrow',
    'high_priority',
    'straight_join',
    'sql_small_result',
    'sql_big_result',
  ],
  ...['sql_buffer_result', 'sql_cache', 'sql_no_cache', 'sql_calc_found_rows'],
]);
/** Reserved words that end a SELECT list. */
const ends = new Set([
  ...[
    'from',
    'into',
    'where',
    'group',
    'having',
    'window',
    'order',
    'limit',
    'for',
    'lock',
    'union',
    'except',
  ],
  ...['intersect', 'minus', 'on', 'returning', 'procedure'],
]);

export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** Where each of `count` results stands that begin at `position`, behind SELECT or RETURNING. */
export function itemsOf(tokens: Tokens, position: number, count: number): readonly TextRange[] {
  const ranges: TextRange[] = [];
  let index = tokens.indexAt(position);
  while (modifiers.has(tokens.text(index))) index += 1;
  for (let item = 0; item < count; item += 1) {
    const end = tokens.scanTo(index, (text) => text === ',' || ends.has(text));
    ranges.push({ start: tokens.all[index]?.start ?? position, end: tokens.endBefore(end) });
    index = end + 1;
  }
  return ranges;
}

/** Longest alias of a column (manual, "Identifier Length Limits"). */
const maxLabel = 256;

/** What the server calls a column that is an expression: its text. Characters that no quoted name may hold are left out. */
export function columnLabel(text: string): string {
  const label = text.replaceAll(/[\p{Cc}\u{10000}-\u{10ffff}]+/gu, ' ');
  return label.slice(0, maxLabel).trim();
}
