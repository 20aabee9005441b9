/** What SQLite's own lexical rules (https://sqlite.org/lang_expr.html, tokenize.c) say about a text, without parsing it. */
export interface ScannedStatement {
  /** First word in lower case, `''` when there is none. */
  readonly keyword: string;
  readonly empty: boolean;
  /** Something other than comments and semicolons follows the statement: SQLite would silently not run it. */
  readonly hasTail: boolean;
  /** Parameters to bind: the highest number that `?` and `?NNN` take. */
  readonly parameterCount: number;
  /** `:name`, `@name`, `$name`, the first one found. */
  readonly namedParameter: string | null;
}

const token =
  /[\s\uFEFF]+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|\?\d*|[:@$#][\w$\u0080-\uFFFF:]+|[A-Za-z_\u0080-\uFFFF][\w$\u0080-\uFFFF]*|\d[\w.]*|[\s\S]/gy;

export function scanStatement(text: string): ScannedStatement {
  const words: string[] = [];
  let ended = false;
  let hasTail = false;
  let depth = 0;
  let parameterCount = 0;
  let namedParameter: string | null = null;
  for (const [piece] of text.matchAll(token)) {
    const first = piece.charAt(0);
    if (/^[\s\uFEFF]/.test(piece) || piece.startsWith('--') || piece.startsWith('/*')) continue;
    if (piece === ';') {
      // an empty statement before the first word is none; those inside the body of a trigger belong to it
      if (words.length > 0 && depth === 0) ended = true;
      continue;
    }
    if (ended) {
      hasTail = true;
      break;
    }
    const word = /^[A-Za-z_]/.test(piece) ? piece.toLowerCase() : '';
    if (words.length < 4) words.push(word);
    if (isTrigger(words)) depth = Math.max(0, depth + nesting(word));
    if (first === '?') {
      parameterCount = Math.max(
        parameterCount,
        piece.length > 1 ? Number(piece.slice(1)) : parameterCount + 1,
      );
    } else if (piece.length > 1 && /[:@$]/.test(first)) {
      namedParameter ??= piece;
    }
  }
  return { keyword: words[0] ?? '', empty: words.length === 0, hasTail, parameterCount, namedParameter };
}

/** `CREATE [TEMP|TEMPORARY] TRIGGER` is the one statement that holds semicolons. */
function isTrigger(words: readonly string[]): boolean {
  if (words[0] !== 'create') return false;
  return words[1] === 'trigger' || (/^temp(?:orary)?$/.test(words[1] ?? '') && words[2] === 'trigger');
}

function nesting(word: string): number {
  if (word === 'begin' || word === 'case') return 1;
  return word === 'end' ? -1 : 0;
}
