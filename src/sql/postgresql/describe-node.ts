import type { ErrorCode } from '../../common/errors/catalog';

export interface NodeDescription {
  readonly construct: string;
  readonly code: ErrorCode;
}

/** Statements that change nothing stored and still have no place in a shared session. */
const sessionStatements: ReadonlyMap<string, string> = new Map([
  ['VariableSetStmt', 'SET'],
  ['VariableShowStmt', 'SHOW'],
  ['TransactionStmt', 'transaction control'],
  ['ConstraintsSetStmt', 'SET CONSTRAINTS'],
  ['DiscardStmt', 'DISCARD'],
  ['ListenStmt', 'LISTEN'],
  ['UnlistenStmt', 'UNLISTEN'],
  ['NotifyStmt', 'NOTIFY'],
  ['PrepareStmt', 'PREPARE'],
  ['ExecuteStmt', 'EXECUTE'],
  ['DeallocateStmt', 'DEALLOCATE'],
  ['DeclareCursorStmt', 'DECLARE CURSOR'],
  ['FetchStmt', 'FETCH'],
  ['ClosePortalStmt', 'CLOSE'],
  ['LoadStmt', 'LOAD'],
  ['CheckPointStmt', 'CHECKPOINT'],
  ['ExplainStmt', 'EXPLAIN'],
  ['CurrentOfExpr', 'WHERE CURRENT OF'],
]);

/** Statements whose SQL name is not the name of their node. */
const statementNames: ReadonlyMap<string, string> = new Map([
  ['DoStmt', 'DO'],
  ['CallStmt', 'CALL'],
  ['CopyStmt', 'COPY'],
  ['LockStmt', 'LOCK TABLE'],
  ['CreateStmt', 'CREATE TABLE'],
  ['CreateTableAsStmt', 'CREATE TABLE AS'],
  ['CreateSeqStmt', 'CREATE SEQUENCE'],
  ['CreateTrigStmt', 'CREATE TRIGGER'],
  ['ViewStmt', 'CREATE VIEW'],
  ['IndexStmt', 'CREATE INDEX'],
  ['RuleStmt', 'CREATE RULE'],
  ['DefineStmt', 'CREATE'],
  ['RenameStmt', 'ALTER … RENAME'],
  ['CommentStmt', 'COMMENT'],
  ['SecLabelStmt', 'SECURITY LABEL'],
  ['RefreshMatViewStmt', 'REFRESH MATERIALIZED VIEW'],
]);

const fieldNames: ReadonlyMap<string, string> = new Map([
  ['intoClause', 'SELECT INTO'],
  ['lockingClause', 'FOR UPDATE/SHARE'],
  ['pct_type', '%TYPE'],
]);

/** `CreateTableSpaceStmt` → `CREATE TABLE SPACE`; names of the grammar never reach the caller otherwise. */
const spell = (kind: string): string =>
  kind
    .replace(/Stmt$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toUpperCase();

/** How a node or field that has no shape is called in a refusal, and whether it is one that would write. */
export function describeNode(kind: string, parent?: string): NodeDescription {
  if (parent !== undefined) {
    const construct = fieldNames.get(kind) ?? `a clause of ${spell(parent)}`;
    const writes = kind === 'intoClause' || kind === 'lockingClause';
    return { construct, code: writes ? 'query.read_only' : 'query.unsupported' };
  }
  const session = sessionStatements.get(kind);
  if (session !== undefined) return { construct: session, code: 'query.unsupported' };
  if (!kind.endsWith('Stmt')) return { construct: spell(kind), code: 'query.unsupported' };
  return { construct: statementNames.get(kind) ?? spell(kind), code: 'query.read_only' };
}
