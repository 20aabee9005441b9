import type { Refusal, StatementFacts } from '../facts';
import { refuse, Refused } from '../refused';
import type { Tree } from './parse-sqlite';
import { fold, queryNodes, TreeWalker } from './walk-tree';

/** Beside what queries consist of: tables, indexes and views; no virtual tables, whose modules may open files, and no triggers. */
const ddlNodes: ReadonlySet<string> = new Set([
  ...queryNodes,
  ...`CreateTableStmt CreateIndexStmt CreateViewStmt DropTableStmt DropIndexStmt DropViewStmt AlterTableStmt
  ColumnsAndConstraintsCreateTableBody AsSelectCreateTableBody ColumnDefinition NamedColumnConstraint
  CheckColumnConstraint DefaultColumnConstraint DeferColumnConstraint CollateColumnConstraint
  ForeignKeyColumnConstraint GeneratedColumnConstraint NotNullColumnConstraint PrimaryKeyColumnConstraint
  UniqueColumnConstraint NamedTableConstraint PrimaryKeyTableConstraint UniqueTableConstraint CheckTableConstraint
  ForeignKeyTableConstraint ForeignKeyClause RefArg DeferSubclause OnDeleteRefArg OnInsertRefArg OnUpdateRefArg
  MatchRefArg RenameToAlterTableBody AddColumnAlterTableBody RenameColumnAlterTableBody
  DropColumnAlterTableBody`.split(/\s+/),
]);

/** The member that holds the name of what a statement changes. */
const targets: ReadonlyMap<string, string> = new Map([
  ['CreateTableStmt', 'tblName'],
  ['CreateIndexStmt', 'tblName'],
  ['CreateViewStmt', 'viewName'],
  ['DropTableStmt', 'tblName'],
  ['DropIndexStmt', 'idxName'],
  ['DropViewStmt', 'viewName'],
  ['AlterTableStmt', 'tblName'],
]);

/** Whether a statement of this type may define something, as far as its parts allow. */
export const isDdl = ({ type }: Tree): boolean => targets.has(type);

interface Named {
  readonly schema: string | null;
  readonly name: string;
  readonly position: number;
}

/** `schema.name`, or a bare name, as some places of the grammar have it. */
function nameOf(value: Tree): Named {
  const text = (node: unknown): string => fold(String((node as Tree).text));
  const { objName, dbName, span } = value;
  return {
    schema: dbName === undefined ? null : text(dbName),
    name: text(objName ?? value),
    position: span.offset,
  };
}

class DdlWalker extends TreeWalker {
  override visit(node: Tree): void {
    if (node.type === 'ForeignKeyClause') {
      const { schema, name, position } = nameOf(node.tblName as Tree);
      this.collector.relation(schema, name, 'read', position);
    }
    super.visit(node);
  }
}

/** Facts of a statement that defines tables, indexes or views. @param refusal what others are told @throws Refused */
export function analyseDdl(statement: Tree, refusal: Refusal): StatementFacts {
  const walker = new DdlWalker({ namedParameters: false }, ddlNodes);
  const target = nameOf(statement[targets.get(statement.type)!] as Tree);
  // The table of an index is named without its schema, which stands before the name of the index.
  const { schema } = statement.type === 'CreateIndexStmt' ? nameOf(statement.idxName as Tree) : target;
  const temporary = statement.temporary === true || schema === 'temp';
  try {
    // Whatever is temporary would outlive the statement on its session.
    if (temporary) refuse(refusal.code, 'What is temporary is not accepted here', { construct: 'TEMPORARY' });
    walker.visit(statement);
  } catch (error) {
    // For everybody it is a statement that is not accepted; a construct only says more of it.
    if (error instanceof Refused && error.refusal.code === 'query.unsupported')
      throw new Refused({ ...error.refusal, code: refusal.code });
    throw error;
  }
  walker.collector.relation(schema, target.name, 'write', target.position);
  return { ...walker.collector.facts('ddl'), access: 'write', refusal };
}
