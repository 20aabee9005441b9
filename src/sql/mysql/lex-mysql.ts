import { Nesting } from '../nesting';
import { refuse } from '../refused';

/** What the text says to MySQL and MariaDB, in a form that no other reader can lex differently. */
export interface LexedMysql {
  /**
   * The text, character for character as long, with comments blanked, the content of strings replaced by zeros and
   * all white space by spaces: what is left means the same to every lexer.
   */
  readonly code: string;
  /** Unquoted words, lower-cased, in order. */
  readonly words: readonly { readonly word: string; readonly position: number }[];
  readonly parameterCount: number;
}

/** Longest chain of operators; sqlparser-rs overflows its stack at about 700. */
const maxChain = 500;

const space = /[ \t\n\v\f\r]+/y;
const lineComment = /(?:#|--(?=[ \t\n\v\f\r]|$))[^\n]*/y;
const blockComment = /\/\*[^]*?\*\//y;
/** With the sql_mode that the driver sets: backslash escapes, and double quotes are strings. */
const string = /'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*"/y;
const quotedName = /`(?:[^`]|``)+`/y;
const number = /0[xX][0-9A-Fa-f]+|0[bB][01]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?/y;
const word = /[A-Za-z_\p{L}][\w$\p{L}]*/uy;
const operator = /<=>|->>|->|<<|>>|<=|>=|<>|!=|&&|\|\||[-+*/%=<>!&|^~]/y;

/** Characters that begin something which other lexers read differently, or which reads and sets variables. */
const refusedStarts: ReadonlyMap<string, string> = new Map([
  ['@', 'variables (@name, @@name)'],
  [':', 'the assignment :='],
  ['$', 'names that begin with $'],
  ['\\', 'a backslash outside a string'],
  ['{', 'ODBC escapes'],
  ['}', 'ODBC escapes'],
  ['[', 'brackets'],
  [']', 'brackets'],
]);

const wordOperators = new Set([
  ...['not', 'div', 'mod', 'is', 'like', 'regexp', 'rlike', 'between', 'in', 'collate'],
  ...['binary', 'interval', 'escape', 'member', 'sounds'],
]);
const connectives = new Set(['and', 'or', 'xor']);
const setOperations = new Set(['union', 'except', 'intersect', 'minus']);

class Lexer {
  private position = 0;
  private code = '';
  private readonly words: { word: string; position: number }[] = [];
  private readonly nesting = new Nesting(maxChain);
  private parameterCount = 0;
  private ended = false;

  constructor(private readonly text: string) {}

  run(): LexedMysql {
    while (this.position < this.text.length) this.step();
    return { code: this.code, words: this.words, parameterCount: this.parameterCount };
  }

  private step(): void {
    const blank = this.take(space) ?? this.take(lineComment) ?? this.takeBlockComment();
    if (blank !== undefined) {
      this.code += ' '.repeat(blank.length);
      return;
    }
    if (this.ended)
      refuse('query.multiple_statements', 'Send one statement at a time', { position: this.position });
    const start = this.position;
    const token = this.takeToken(start);
    this.code += token;
  }

  private takeToken(start: number): string {
    const quoted = this.take(string);
    if (quoted !== undefined) return `'${'0'.repeat(quoted.length - 2)}'`;
    return (
      this.takeQuotedName(start) ??
      this.takeNumber(start) ??
      this.takeWord(start) ??
      this.takeOperator(start) ??
      this.takePunctuation(start)
    );
  }

  private takeBlockComment(): string | undefined {
    const start = this.position;
    if (!this.text.startsWith('/*', start)) return undefined;
    const comment = this.take(blockComment);
    if (comment === undefined) return this.refuse('query.syntax', 'a comment that does not end', start);
    if (/^\/\*M?[!+]/.test(comment))
      return this.refuse(
        'query.unsupported',
        'comments that the server executes (/*! */, /*M! */, /*+ */)',
        start,
      );
    if (comment.indexOf('/*', 2) !== -1)
      return this.refuse('query.unsupported', 'a comment inside a comment', start);
    return comment;
  }

  private takeQuotedName(start: number): string | undefined {
    const name = this.take(quotedName);
    // Names of tables hold no characters above U+FFFF (manual, Schema Object Names); control characters would fool logs.
    if (name !== undefined && /[\p{Cc}\u{10000}-\u{10ffff}]/u.test(name))
      return this.refuse('query.unsupported', 'a name with such characters', start);
    return name;
  }

  /** `1e5union` and `0x1g` are read as one or as two tokens depending on who reads: refused. */
  private takeNumber(start: number): string | undefined {
    const digits = this.take(number);
    if (digits === undefined) return undefined;
    const before = this.text[start - 1] ?? ' ';
    const after = this.text.slice(this.position, this.position + 1);
    const joined = digits.startsWith('.') ? /[\w$`'"\p{L}]/u.test(before) : before === '.';
    if (joined || /[\w$.'"`\p{L}]/u.test(after))
      return this.refuse('query.unsupported', 'a number without a space around it', start);
    return digits;
  }

  private takeWord(start: number): string | undefined {
    const name = this.take(word);
    if (name === undefined) return undefined;
    if (/[\u{10000}-\u{10ffff}]/u.test(name))
      return this.refuse('query.unsupported', 'a name with such characters', start);
    const folded = name.toLowerCase();
    this.words.push({ word: folded, position: start });
    if (folded === 'case') this.nesting.open(start);
    else if (folded === 'end') this.nesting.close();
    else if (connectives.has(folded)) this.nesting.connective(start);
    else if (wordOperators.has(folded)) this.nesting.operator(start);
    else if (setOperations.has(folded)) this.nesting.setOperation(start);
    return name;
  }

  private takeOperator(start: number): string | undefined {
    const symbol = this.take(operator);
    if (symbol === undefined) return undefined;
    if (symbol === '-' && this.text[this.position] === '-')
      return this.refuse('query.unsupported', '-- without a space after it', start);
    if (symbol === '||' || symbol === '&&') this.nesting.connective(start);
    else this.nesting.operator(start);
    return symbol;
  }

  private takePunctuation(start: number): string {
    const character = this.text[start] ?? '';
    this.position += 1;
    if (character === '(') this.nesting.open(start);
    else if (character === ')') this.nesting.close();
    else if (character === ',') this.nesting.comma();
    else if (character === '?') this.parameterCount += 1;
    else if (character === ';') {
      this.ended = true;
      return ' ';
    } else if (character !== '.') this.refuseCharacter(character, start);
    return character;
  }

  private refuseCharacter(character: string, position: number): never {
    if ('\'"`'.includes(character)) return this.refuse('query.syntax', 'a quote that does not end', position);
    const construct = refusedStarts.get(character) ?? 'a character that has no meaning here';
    return this.refuse('query.unsupported', construct, position);
  }

  private refuse(code: 'query.unsupported' | 'query.syntax', construct: string, position: number): never {
    return refuse(code, `Not accepted: ${construct}`, { construct, position });
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.text)?.[0];
    if (match !== undefined) this.position += match.length;
    return match;
  }
}

/** Reads a text as MySQL and MariaDB lex it. @throws Refused for what is ambiguous or dangerous */
export function lexMysql(text: string): LexedMysql {
  return new Lexer(text).run();
}
