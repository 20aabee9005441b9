import { VisitorKeys } from 'sqlite3-parser';
import { CteScope } from '../cte-scope';
import type { StatementAccess } from '../facts';
import { FactsCollector } from '../facts-collector';
import { maxWalkDepth, refuseNesting } from '../nesting';
import { refuse } from '../refused';
import type { Tree } from './parse-sqlite';
import { isSafeFunction, isSafeTableFunction } from './safe-functions';

type Visit = (walker: TreeWalker, node: Tree) => void;

/** Nodes of SQLite's grammar that a statement may consist of; every other refuses the statement. */
export const queryNodes: ReadonlySet<string> = new Set(
  `SelectStmt InsertStmt UpdateStmt DeleteStmt Select CompoundSelect SelectFrom SelectValues ValuesRow FromClause
  JoinedSelectTable CommaJoinOperator TypedJoinJoinOperator OnJoinConstraint UsingJoinConstraint TableSelectTable
  TableCallSelectTable SelectSelectTable SubSelectTable ExprResultColumn StarResultColumn TableStarResultColumn AsAs
  ElidedAs With CommonTableExpr IndexedColumn IndexedByIndexed NotIndexedIndexed SortedColumn Limit Id Name QualifiedName
  BetweenExpr BinaryExpr CaseExpr WhenThen CastExpr CollateExpr ExistsExpr FunctionCallExpr FunctionCallStarExpr
  InListExpr InSelectExpr InTableExpr IsNullExpr LikeExpr NameExpr NotNullExpr ParenthesizedExpr QualifiedExpr
  SubqueryExpr UnaryExpr VariableExpr NumericLiteral StringLiteral BlobLiteral KeywordLiteral NullLiteral
  CurrentDateLiteral CurrentTimeLiteral CurrentTimestampLiteral SortListFunctionCallOrder WithinGroupFunctionCallOrder
  FunctionTail WindowDef Window FrameClause WindowOver NameOver CurrentRowFrameBound FollowingFrameBound
  PrecedingFrameBound UnboundedFollowingFrameBound UnboundedPrecedingFrameBound Type MaxSizeTypeSize TypeSizeTypeSize
  SelectInsertBody DefaultValuesInsertBody SetAssignment Upsert UpsertIndex SetUpsertDo NothingUpsertDo`.split(
    /\s+/,
  ),
);

/** SQLITE_MAX_VARIABLE_NUMBER of a usual build. */
const maxParameter = 32_766;

const visits: ReadonlyMap<string, Visit> = new Map<string, Visit>([
  ['TableSelectTable', (walker, node) => walker.relation(node.tblName, 'read')],
  ['InTableExpr', (walker, node) => walker.inTable(node)],
  ['TableCallSelectTable', (walker, node) => walker.tableFunction(node.tblName)],
  ['InsertStmt', (walker, node) => walker.relation(node.tblName, 'write')],
  ['UpdateStmt', (walker, node) => walker.relation(node.tblName, 'write')],
  ['DeleteStmt', (walker, node) => walker.relation(node.tblName, 'write')],
  ['FunctionCallExpr', (walker, node) => walker.call(node.name)],
  ['FunctionCallStarExpr', (walker, node) => walker.call(node.name)],
  ['VariableExpr', (walker, node) => walker.parameter(node)],
]);

/** SQLite folds the ASCII letters of names and no others. */
export const fold = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && typeof (value as Tree).type === 'string';
const childrenOf = VisitorKeys as Readonly<Record<string, readonly string[] | undefined>>;

/** Walks the tree of one statement and collects what it touches. */
export class TreeWalker {
  readonly collector = new FactsCollector();
  private scope = new CteScope();
  private depth = 0;

  /** @param options.namedParameters takes `:name`, which stands for a variable in an administrator's expression */
  constructor(
    private readonly options: { readonly namedParameters: boolean } = { namedParameters: false },
    private readonly knownNodes = queryNodes,
  ) {}

  visit(node: Tree): void {
    if (!this.knownNodes.has(node.type)) this.refuseNode(node);
    this.depth += 1;
    if (this.depth > maxWalkDepth) refuseNesting(node.span.offset);
    visits.get(node.type)?.(this, node);
    const outer = this.scope;
    if (isTree(node.with)) this.enterWith(node.with);
    for (const key of childrenOf[node.type] ?? []) if (key !== 'with') this.walk(node[key]);
    this.scope = outer;
    this.depth -= 1;
  }

  private walk(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.walk(item);
    else if (isTree(value)) this.visit(value);
  }

  /** Every clause sees all of its list, later ones and itself included, with and without RECURSIVE (select.c, searchWith). */
  private enterWith(clause: Tree): void {
    const inner = new CteScope(this.scope);
    const ctes = Array.isArray(clause.ctes) ? (clause.ctes as Tree[]) : [];
    for (const { tblName } of ctes) if (isTree(tblName)) inner.define(fold(String(tblName.text)));
    this.scope = inner;
    this.visit(clause);
  }

  relation(value: unknown, access: StatementAccess): void {
    const { schema, name, position } = this.qualified(value);
    if (access === 'read' && schema === null && this.scope.has(name)) return;
    this.collector.relation(schema, name, access, position);
  }

  /** `x IN tbl` reads the table; `x IN f(1)` calls a table-valued function. */
  inTable(node: Tree): void {
    if (node.args === undefined) this.relation(node.rhs, 'read');
    else this.tableFunction(node.rhs);
  }

  /** Virtual tables take arguments too (`fts('word')`), so an unknown name may be any table. */
  tableFunction(value: unknown): void {
    const { schema, name, position } = this.qualified(value);
    if (schema !== null || !isSafeTableFunction(name))
      refuse('query.unsupported', `The table-valued function ${name} is not accepted here`, {
        construct: name,
        position,
      });
    this.collector.function(null, name, true, position);
  }

  call(value: unknown): void {
    if (!isTree(value)) return;
    const name = fold(String(value.name));
    this.collector.function(null, name, isSafeFunction(name), value.span.offset);
  }

  parameter(node: Tree): void {
    const name = String(node.name);
    const place = { construct: name, position: node.span.offset };
    if (this.options.namedParameters && name.startsWith(':')) return;
    if (!/^\?\d*$/.test(name))
      refuse('query.unsupported', 'Named parameters are not accepted: write ? or ?1', place);
    const number = name === '?' ? this.collector.parameterCount + 1 : Number(name.slice(1));
    if (number < 1 || number > maxParameter)
      refuse('query.unsupported', `Parameters are ?1 to ?${maxParameter}`, place);
    this.collector.parameter(number);
  }

  private qualified(value: unknown): { schema: string | null; name: string; position: number } {
    if (!isTree(value) || !isTree(value.objName))
      return refuse('query.unsupported', 'A table of this form is not accepted here');
    return {
      schema: isTree(value.dbName) ? fold(String(value.dbName.text)) : null,
      name: fold(String(value.objName.text)),
      position: value.span.offset,
    };
  }

  private refuseNode(node: Tree): never {
    const construct = node.type
      .replace(/(Stmt|Expr)$/, '')
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toUpperCase();
    return refuse('query.unsupported', `${construct} is not accepted here`, {
      construct,
      position: node.span.offset,
    });
  }
}
