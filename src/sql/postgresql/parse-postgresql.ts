import { LRUCache } from 'lru-cache';
import { hasSqlDetails, loadModule, parseSync } from 'libpg-query';
import { refuse } from '../refused';
import { fromCodePointOffset, fromUtf8Offsets } from '../text-position';
import { checkNesting } from './check-nesting';

export interface ParsedStatement {
  readonly tree: Readonly<Record<string, unknown>>;
  /** UTF-16 offset of its first character. */
  readonly position: number;
}

/** Messages of the grammar quote the token they stopped at, which may be the rest of the statement. */
const maxQuoted = 40;

function plainMessage(message: string): string {
  const [problem = '', token] = message.split(' at or near ', 2);
  return token === undefined || token.length > maxQuoted ? problem : `${problem} at or near ${token}`;
}

function refuseSyntax(error: unknown, text: string): never {
  if (!hasSqlDetails(error))
    return refuse('query.too_complex', 'The statement is too complex to be analysed');
  const position = fromCodePointOffset(text, error.sqlDetails?.cursorPosition ?? 0);
  if (error.message.startsWith('memory exhausted'))
    return refuse('query.too_complex', 'The statement nests too deeply', { position });
  return refuse('query.syntax', plainMessage(error.message), { position });
}

/** Trees of the last texts: a statement that is analysed is rewritten next. Nobody changes a tree. */
const recent = new LRUCache<string, readonly ParsedStatement[]>({
  maxSize: 64 * 1024,
  sizeCalculation: (_, text) => text.length + 1,
});

/** The statements of a text, by the grammar of PostgreSQL 18 (libpg_query). @throws Refused */
export async function parsePostgresql(text: string): Promise<readonly ParsedStatement[]> {
  await loadModule();
  const known = recent.get(text);
  if (known) return known;
  checkNesting(text);
  const statements = parseChecked(text);
  recent.set(text, statements);
  return statements;
}

/** The same for a text that nests no deeper than one that was checked before; `loadModule` has run. @throws Refused */
export function parseChecked(text: string): ParsedStatement[] {
  try {
    const { stmts = [] } = parseSync(text);
    const toPosition = fromUtf8Offsets(text);
    return stmts.map((statement) => ({
      tree: (statement.stmt ?? {}) as ParsedStatement['tree'],
      position: toPosition(statement.stmt_location ?? 0),
    }));
  } catch (error) {
    return refuseSyntax(error, text);
  }
}
