import type { ErrorCode } from '../../common/errors/catalog';
import type { Refusal, StatementFacts } from '../facts';
import { Refused } from '../refused';
import { analyseDdl, isDdl } from './analyse-ddl';
import { parseSqlite, type Tree } from './parse-sqlite';
import { TreeWalker } from './walk-tree';

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

function refusalOf({ type, span }: Tree): Refusal {
  const construct = type
    .replace(/Stmt$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toUpperCase();
  const code: ErrorCode = sessionStatements.has(type) ? 'query.unsupported' : 'query.read_only';
  return { code, detail: `${construct} is not accepted here`, construct, position: span.offset };
}

/** Facts of one statement, by a port of SQLite's own grammar. @throws Refused */
export function analyseSqlite(text: string): StatementFacts {
  const root = parseSqlite(text);
  const explained = root.type === 'ExplainStmt';
  const statement = explained ? (root.stmt as Tree) : root;
  const kind = kinds.get(statement.type);
  if (kind === undefined && !explained && isDdl(statement))
    return analyseDdl(statement, refusalOf(statement));
  if (kind === undefined) throw new Refused(refusalOf(statement));
  const walker = new TreeWalker();
  walker.visit(statement);
  const values = (statement.body as { select?: Tree } | undefined)?.select?.type === 'SelectValues';
  return walker.collector.facts(explained ? 'explain' : values && kind === 'select' ? 'values' : kind);
}
