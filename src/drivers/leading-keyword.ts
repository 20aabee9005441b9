/** How a dialect writes comments. */
export interface CommentRules {
  /** Block comments nest (SQL standard, PostgreSQL). */
  readonly nested: boolean;
  /** `#` begins a line comment, `--` only with white space behind it, and `/*!` is no comment at all (MySQL). */
  readonly mysql: boolean;
}

/**
 * The first word of an SQL text in lower case, behind white space and comments; `(` for a text that begins with one,
 * empty for everything else.
 */
export function leadingKeyword(text: string, rules: CommentRules): string {
  let at = 0;
  for (;;) {
    at = skipSpace(text, at);
    const next = isLineComment(text, at, rules)
      ? endOfLine(text, at)
      : isBlockComment(text, at, rules)
        ? endOfBlock(text, at, rules.nested)
        : at;
    if (next === at) break;
    at = next;
  }
  return text[at] === '(' ? '(' : (/^[a-z_]+/i.exec(text.slice(at, at + 64))?.[0].toLowerCase() ?? '');
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && ' \t\n\r\f\v'.includes(text[at]!)) at += 1;
  return at;
}

function isLineComment(text: string, at: number, { mysql }: CommentRules): boolean {
  if (!mysql) return text.startsWith('--', at);
  // MySQL manual, "Comments": the second dash is followed by a white space or control character
  return text[at] === '#' || (text.startsWith('--', at) && (text[at + 2] ?? '\n') <= ' ');
}

function isBlockComment(text: string, at: number, { mysql }: CommentRules): boolean {
  return text.startsWith('/*', at) && !(mysql && (text[at + 2] === '!' || text.startsWith('M!', at + 2)));
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end + 1;
}

function endOfBlock(text: string, start: number, nested: boolean): number {
  let depth = 1;
  let at = start + 2;
  while (depth > 0 && at < text.length) {
    if (text.startsWith('*/', at)) {
      depth -= 1;
      at += 2;
    } else if (nested && text.startsWith('/*', at)) {
      depth += 1;
      at += 2;
    } else {
      at += 1;
    }
  }
  return at;
}
