import { refuseMerge } from './refuse-merge';

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Tokens from the first to the last. */
export type Extent = readonly Token[];

/** Where the parts of a SELECT without subqueries stand. */
export interface SelectLayout {
  readonly items: readonly Extent[];
  readonly groupBy: readonly Extent[];
  readonly orderBy: readonly Extent[];
  /** LIMIT and OFFSET, whichever of them comes first, to the end; `null` where there is neither. */
  readonly tail: { readonly start: number; readonly end: number } | null;
}

const modifiers = new Set(['distinct', 'distinctrow', 'all']);

/**
 * Cuts a statement at the words that are reserved in both dialects. The position of the table keeps apart the FROM of
 * the statement and those of expressions (`IS DISTINCT FROM`).
 * @param tail words that begin what cuts the result
 */
export function layOut(
  all: readonly Token[],
  tablePosition: number,
  tail: ReadonlySet<string>,
): SelectLayout {
  const tokens = all.at(-1)?.text === ';' ? all.slice(0, -1) : all;
  const table = tokens.findIndex(({ start }) => start >= tablePosition);
  const from = tokens.slice(0, table).findLastIndex(({ text }) => text === 'from');
  // An identifier of three tokens (manual of PostgreSQL 4.1.2.4) would be cut in two.
  if (tokens.some(({ text }) => text === 'uescape')) refuseMerge('UESCAPE');
  if (tokens[0]?.text !== 'select' || from < 1) return refuseMerge('a statement of this form');
  let first = 1;
  while (modifiers.has(tokens[first]?.text ?? '')) first += 1;
  const clauses = splitAt(
    tokens.slice(table),
    (text) => text === 'group' || text === 'order' || tail.has(text),
  );
  const listOf = (word: string): readonly Extent[] => {
    const clause = clauses.find(([token]) => token?.text === word);
    return clause ? splitAt(clause.slice(2), (text) => text === ',').map(withoutComma) : [];
  };
  const cut = clauses.find(([token]) => tail.has(token?.text ?? ''))?.[0];
  return {
    items: splitAt(tokens.slice(first, from), (text) => text === ',').map(withoutComma),
    groupBy: listOf('group'),
    orderBy: listOf('order'),
    tail: cut ? { start: cut.start, end: tokens.at(-1)!.end } : null,
  };
}

/** Pieces that begin where `begins` says so outside all parentheses, and the one before them. */
function splitAt(tokens: Extent, begins: (text: string) => boolean): Token[][] {
  const pieces: Token[][] = [[]];
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (depth === 0 && begins(token.text) && tokens[index - 1]?.text !== '.') pieces.push([]);
    if (token.text === '(' || token.text === '[') depth += 1;
    else if (token.text === ')' || token.text === ']') depth -= 1;
    pieces.at(-1)!.push(token);
  }
  return pieces;
}

function withoutComma(piece: Extent): Extent {
  return piece[0]?.text === ',' ? piece.slice(1) : piece;
}

/** An expression of the list without its name. */
export function withoutAlias(item: Extent, hasAlias: boolean): Extent {
  if (!hasAlias) return item;
  const rest = item.slice(0, -1);
  return rest.at(-1)?.text === 'as' ? rest.slice(0, -1) : rest;
}

/** A key of ORDER BY without its direction. */
export function withoutDirection(key: Extent): Extent {
  const hasNulls = key.at(-2)?.text === 'nulls' && ['first', 'last'].includes(key.at(-1)!.text);
  const rest = hasNulls ? key.slice(0, -2) : key;
  // Both are reserved words: no column is called so without quotes.
  return ['asc', 'desc'].includes(rest.at(-1)?.text ?? '') ? rest.slice(0, -1) : rest;
}

/** What stands between the parentheses of a call. */
export function argumentOf(call: Extent): Extent {
  const open = call.findIndex(({ text }) => text === '(');
  return call.slice(open + 1, -1);
}

export function textOf(text: string, extent: Extent): string {
  return extent.length === 0 ? '' : text.slice(extent[0]!.start, extent.at(-1)!.end);
}
