/**
 * The first word of an SQL text in lower case, behind white space, line comments and nested block comments (SQL
 * standard and PostgreSQL; MySQL's do not nest, which only makes a text with nested signs look emptier).
 * Empty when the text does not begin with a word.
 */
export function leadingKeyword(text: string, options: { hashComments?: boolean } = {}): string {
  let at = 0;
  for (;;) {
    const rest = /^[\s;]*/.exec(text.slice(at, at + 65_536));
    at += rest?.[0].length ?? 0;
    if (text.startsWith('--', at) || (options.hashComments === true && text[at] === '#')) {
      const end = text.indexOf('\n', at);
      if (end < 0) return '';
      at = end + 1;
    } else if (text.startsWith('/*', at)) {
      at = endOfComment(text, at);
    } else if (rest?.[0].length !== 65_536) {
      return /^[a-z_]+/i.exec(text.slice(at, at + 64))?.[0].toLowerCase() ?? '';
    }
  }
}

function endOfComment(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    if (text.startsWith('/*', at)) {
      depth += 1;
      at += 2;
    } else if (text.startsWith('*/', at)) {
      depth -= 1;
      at += 2;
    } else {
      at += 1;
    }
  } while (depth > 0 && at < text.length);
  return at;
}
