import { parseStmt, tokenName, tokenize } from 'sqlite3-parser';
import { refuse } from '../refused';

/** A node of the grammar; offsets and lengths count UTF-16 units. */
export interface Tree {
  readonly type: string;
  readonly span: { readonly offset: number; readonly length: number };
  readonly [member: string]: unknown;
}

/** What stands where in the text, semicolons apart: the grammar takes them anywhere, engines stop at the first. */
function statementOffsets(text: string): { readonly first: number | null; readonly second: number | null } {
  let first: number | null = null;
  let ended = false;
  const isOne = !text.includes(';');
  for (const token of tokenize(text)) {
    if (isOne) return { first: token.span.offset, second: null };
    if (tokenName(token.type) === 'SEMI') ended = true;
    else if (ended) return { first, second: token.span.offset };
    else first ??= token.span.offset;
  }
  return { first, second: null };
}

/** The tree of one statement, by a port of SQLite's own grammar. @throws Refused */
export function parseSqlite(text: string): Tree {
  const { first, second } = statementOffsets(text);
  if (second !== null)
    refuse('query.multiple_statements', 'Send one statement at a time', { position: second });
  if (first === null) return refuse('query.empty', 'The statement is empty');
  const parsed = parseStmt(text);
  if (parsed.status === 'ok') return parsed.root as unknown as Tree;
  const [problem] = parsed.errors;
  const message =
    problem?.token === undefined || problem.token.text === ''
      ? 'incomplete input'
      : `near "${problem.token.text.slice(0, 40)}"`;
  return refuse('query.syntax', `The statement has a syntax error: ${message}`, {
    position: problem?.span.offset ?? 0,
  });
}
