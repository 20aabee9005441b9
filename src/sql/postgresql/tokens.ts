import { scanSync } from 'libpg-query';
import { fromUtf8Offsets } from '../text-position';

/** A token as the server's scanner cuts it, in UTF-16 units. */
export interface Token {
  readonly start: number;
  readonly end: number;
  /** As written, in lower case when it is a word without quotes. */
  readonly text: string;
  readonly kind: string;
}

const comments = new Set(['SQL_COMMENT', 'C_COMMENT']);

/** The tokens of a text that has been parsed before; `loadModule` has run. Comments are left out. */
export function tokensOf(text: string): Token[] {
  const toPosition = fromUtf8Offsets(text);
  return scanSync(text)
    .tokens.filter(({ tokenName }) => !comments.has(tokenName))
    .map(({ start, end, tokenName }) => {
      const [from, to] = [toPosition(start), toPosition(end)];
      return { start: from, end: to, text: text.slice(from, to).toLowerCase(), kind: tokenName };
    });
}

/** Tokens by their place, with what the rewriting asks about them. */
export class TokenList {
  private readonly byStart: ReadonlyMap<number, number>;

  constructor(readonly all: readonly Token[]) {
    this.byStart = new Map(all.map(({ start }, index) => [start, index]));
  }

  /** @throws Error when no token begins there: the parser and the scanner would then disagree */
  indexAt(position: number): number {
    const index = this.byStart.get(position);
    if (index === undefined) throw new Error(`No token begins at ${position}`);
    return index;
  }

  text(index: number): string {
    return this.all[index]?.text ?? '';
  }

  /** Index of the last token of `a.b.c` that begins at `index`, with `parts` names at most. */
  endOfName(index: number, parts = Infinity): number {
    let last = this.endOfIdentifier(index);
    for (let seen = 1; seen < parts && this.text(last + 1) === '.'; seen += 1) {
      last = this.text(last + 2) === '*' ? last + 2 : this.endOfIdentifier(last + 2);
    }
    return last;
  }

  /** `U&"…" UESCAPE '!'` is one identifier of three tokens. */
  private endOfIdentifier(index: number): number {
    return this.text(index + 1) === 'uescape' ? index + 2 : index;
  }

  /** Index of the first token from `index` on for which `ends` holds outside all parentheses, or that closes one. */
  scanTo(index: number, ends: (text: string) => boolean): number {
    let depth = 0;
    for (let at = index; at < this.all.length; at += 1) {
      const text = this.text(at);
      if (depth === 0 && (ends(text) || text === ')' || text === ';')) return at;
      if (text === '(' || text === '[') depth += 1;
      else if (text === ')' || text === ']') depth -= 1;
    }
    return this.all.length;
  }
}
