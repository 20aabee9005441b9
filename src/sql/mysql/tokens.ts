export interface Token {
  /** Lower-cased where it is a word. */
  readonly text: string;
  readonly start: number;
  /** First unit after it. */
  readonly end: number;
}

/** Names, strings, numbers and single characters of a code of `lexMysql`, in which strings hold nothing but zeros. */
const token = /`(?:[^`]|``)+`|'[^']*'|[\p{L}\d_$]+|\S/gu;

/** Extents that the tree of the grammar does not tell. */
export class Tokens {
  readonly all: readonly Token[];

  constructor(code: string) {
    this.all = Array.from(code.matchAll(token), ({ 0: text, index }) => ({
      text: text.startsWith('`') ? text : text.toLowerCase(),
      start: index,
      end: index + text.length,
    }));
  }

  text(index: number): string {
    return this.all[index]?.text ?? '';
  }

  /** The first token that begins at `position` or behind it. */
  indexAt(position: number): number {
    let low = 0;
    let high = this.all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.all[middle]?.start ?? Infinity) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** From `index` on, the first token on the same level of parentheses that `ends` takes, or the level's end. */
  scanTo(index: number, ends: (text: string) => boolean): number {
    let depth = 0;
    for (let at = index; at < this.all.length; at += 1) {
      const text = this.text(at);
      if (depth === 0 && (ends(text) || text === ')')) return at;
      if (text === '(') depth += 1;
      else if (text === ')') depth -= 1;
    }
    return this.all.length;
  }

  /** The parenthesis that closes the one at `index`. */
  closing(index: number): number {
    return this.scanTo(index + 1, () => false);
  }

  /** Where the token before `index` ends. */
  endBefore(index: number): number {
    return this.all[index - 1]?.end ?? 0;
  }
}
