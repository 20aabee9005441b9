import { parseStmt, tokenName, tokenize } from 'sqlite3-parser';
import type { ErrorCode } from '../../common/errors/catalog';
import type { StatementFacts } from '../facts';
import { refuse } from '../refused';
import { TreeWalker, type Tree } from './walk-tree';

const kinds: ReadonlyMap<string, string> = new Map([
  ['SelectStmt', 'select'],
  ['InsertStmt', 'insert'],
  ['UpdateStmt', 'update'],
  ['DeleteStmt', 'delete'],
]);

/** Statements that leave stored data as it is and still have no place on a shared connection. */
const sessionStatements = new Set([
  'AttachStmt',
  'DetachStmt',
  'PragmaStmt',
  'BeginStmt',
  'CommitStmt',
  'RollbackStmt',
  'SavepointStmt',
  'ReleaseStmt',
]);

function refuseStatement({ type, span }: Tree): never {
  const construct = type
    .replace(/Stmt$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toUpperCase();
  const code: ErrorCode = sessionStatements.has(type) ? 'query.unsupported' : 'query.read_only';
  return refuse(code, `${construct} is not accepted here`, { construct, position: span.offset });
}

/** What stands where in the text, semicolons apart: the grammar takes them anywhere, engines stop at the first. */
function statementOffsets(text: string): { readonly first: number | null; readonly second: number | null } {
  let first: number | null = null;
  let ended = false;
  for (const token of tokenize(text)) {
    if (tokenName(token.type) === 'SEMI') ended = true;
    else if (ended) return { first, second: token.span.offset };
    else first ??= token.span.offset;
  }
  return { first, second: null };
}

function parse(text: string): Tree {
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

/** Facts of one statement, by a port of SQLite's own grammar. @throws Refused */
export function analyseSqlite(text: string): StatementFacts {
  const root = parse(text);
  const explained = root.type === 'ExplainStmt';
  const statement = explained ? (root.stmt as Tree) : root;
  const kind = kinds.get(statement.type);
  if (kind === undefined) return refuseStatement(statement);
  const walker = new TreeWalker();
  walker.visit(statement);
  const values = (statement.body as { select?: Tree } | undefined)?.select?.type === 'SelectValues';
  return walker.collector.facts(explained ? 'explain' : values && kind === 'select' ? 'values' : kind);
}
