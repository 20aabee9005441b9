import { CteScope } from '../cte-scope';
import { maxWalkDepth, refuseNesting } from '../nesting';
import { FactsCollector } from '../facts-collector';
import { refuse } from '../refused';
import { isSafeFunction, isSafeOperator, isSafeType, isUnsafeAttribute } from './catalog';
import { describeNode } from './describe-node';
import { nodeShapes, type NodeShapes } from './node-shapes';

type Tree = Readonly<Record<string, unknown>>;
type Visit = (walker: TreeWalker, node: Tree) => void;

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const asText = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const isTrue = (value: unknown): boolean => value === true;

/** The parts of a qualified name, a list of String nodes. */
function nameParts(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((node: unknown) =>
    isTree(node) && isTree(node.String) ? [asText(node.String.sval) ?? ''] : [],
  );
}

interface QualifiedName {
  readonly schema: string | null;
  readonly name: string;
}

function qualifiedName(list: unknown): QualifiedName {
  const parts = nameParts(list);
  return { schema: parts.at(-2) ?? null, name: parts.at(-1) ?? '' };
}

/** A_Expr kinds whose `name` is an operator; the BETWEEN kinds carry a keyword there. */
const operatorKinds = new Set([
  'AEXPR_OP',
  'AEXPR_OP_ANY',
  'AEXPR_OP_ALL',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
  'AEXPR_NULLIF',
  'AEXPR_IN',
  'AEXPR_LIKE',
  'AEXPR_ILIKE',
  'AEXPR_SIMILAR',
]);

/** CURRENT_USER and its like tell the account of the connection. */
const namingValueFunctions: ReadonlyMap<unknown, string> = new Map([
  ['SVFOP_CURRENT_ROLE', 'current_role'],
  ['SVFOP_CURRENT_USER', 'current_user'],
  ['SVFOP_USER', 'user'],
  ['SVFOP_SESSION_USER', 'session_user'],
]);

const maxParameter = 65_535;

const visits: ReadonlyMap<string, Visit> = new Map<string, Visit>([
  ['RangeVar', (walker, node) => walker.readRelation(node)],
  ['TargetRangeVar', (walker, node) => walker.writeRelation(node)],
  ['FuncCall', (walker, node) => walker.callFunction(node.funcname, node.location)],
  [
    'A_Expr',
    (walker, node) => {
      if (operatorKinds.has(asText(node.kind) ?? '')) walker.useOperator(node.name, node.location);
    },
  ],
  ['SortBy', (walker, node) => walker.useOperator(node.useOp, node.location)],
  ['SubLink', (walker, node) => walker.useOperator(node.operName, node.location)],
  ['TypeName', (walker, node) => walker.useType(node)],
  ['ColumnRef', (walker, node) => walker.selectFields(nameParts(node.fields).slice(1), node.location)],
  ['A_Indirection', (walker, node) => walker.selectFields(nameParts(node.indirection), null)],
  ['ParamRef', (walker, node) => walker.useParameter(node)],
  [
    'SQLValueFunction',
    (walker, node) => {
      const name = namingValueFunctions.get(node.op);
      if (name !== undefined) walker.collector.function(null, name, false, walker.position(node.location));
    },
  ],
  ['RangeTableSample', (walker, node) => walker.sample(node)],
]);

/** `(a, b) = (SELECT …)` repeats its source for every column. */
const isFirstColumn = (node: Tree): boolean => node.colno === undefined || node.colno === 1;

/** Kinds that may carry a WITH clause, whose names are visible in the rest of the node. */
const scoping = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

/** Walks a whole parse tree and collects what it touches; every kind and field has to be in `nodeShapes`. */
export class TreeWalker {
  readonly collector = new FactsCollector();
  private scope = new CteScope();
  private depth = 0;

  /** @param toPosition UTF-8 offset of the parser to UTF-16 offset of the caller's text */
  constructor(
    private readonly toPosition: (offset: number) => number,
    /** What the statement may consist of. */
    private readonly shapes: NodeShapes = nodeShapes,
  ) {}

  /** A node wrapped in its kind, or a list of such. */
  walk(value: unknown): void {
    if (Array.isArray(value)) {
      for (const item of value) this.walk(item);
      return;
    }
    if (!isTree(value)) return refuse('query.unsupported', 'The statement has a form that is not supported');
    // An empty object is a NULL in a list, such as the missing column definitions of ROWS FROM.
    for (const [kind, node] of Object.entries(value)) this.visit(kind, node);
  }

  visit(kind: string, node: unknown): void {
    const shape = this.shapes.get(kind);
    if (shape === undefined || !isTree(node)) {
      const { construct, code } = describeNode(kind);
      return refuse(code, `${construct} is not accepted here`, { construct });
    }
    this.depth += 1;
    if (this.depth > maxWalkDepth) refuseNesting();
    visits.get(kind)?.(this, node);
    const outer = this.scope;
    if (scoping.has(kind) && node.withClause !== undefined) this.enterWith(node.withClause);
    for (const [field, value] of Object.entries(node)) {
      const form = shape.get(field);
      if (field === 'withClause' || (kind === 'MultiAssignRef' && !isFirstColumn(node))) continue;
      if (form === undefined) this.refuseField(kind, field);
      else if (form === 'tree') this.walk(value);
      else if (form !== 'leaf') this.visit(form, value);
    }
    this.scope = outer;
    this.depth -= 1;
  }

  /**
   * Without RECURSIVE a clause sees the ones before it; with RECURSIVE all of the list, itself included
   * (parse_cte.c, transformWithClause).
   */
  private enterWith(clause: unknown): void {
    if (!isTree(clause) || !Array.isArray(clause.ctes)) return this.visit('WithClause', clause);
    const inner = new CteScope(this.scope);
    const nameOf = (cte: unknown): string =>
      isTree(cte) && isTree(cte.CommonTableExpr) ? (asText(cte.CommonTableExpr.ctename) ?? '') : '';
    this.scope = inner;
    if (isTrue(clause.recursive)) for (const cte of clause.ctes) inner.define(nameOf(cte));
    for (const cte of clause.ctes) {
      this.walk(cte);
      inner.define(nameOf(cte));
    }
  }

  position(location: unknown): number | null {
    // Zero is left out of the JSON; -1 means that the grammar does not know.
    if (location === undefined) return 0;
    return typeof location === 'number' && location >= 0 ? this.toPosition(location) : null;
  }

  readRelation(node: Tree): void {
    const { schema, name } = this.relationName(node);
    if (schema === null && this.scope.has(name)) return;
    this.collector.relation(schema, name, 'read', this.position(node.location));
  }

  /** The target of a change is looked up as a table even when a WITH clause has the same name. */
  writeRelation(node: Tree): void {
    const { schema, name } = this.relationName(node);
    this.collector.relation(schema, name, 'write', this.position(node.location));
  }

  private relationName(node: Tree): QualifiedName {
    if (asText(node.catalogname) !== null)
      refuse('query.unsupported', 'A name that begins with a database is not accepted: write schema.table', {
        construct: 'database.schema.table',
        position: this.position(node.location),
      });
    return { schema: asText(node.schemaname), name: asText(node.relname) ?? '' };
  }

  callFunction(names: unknown, location: unknown): void {
    const { schema, name } = qualifiedName(names);
    this.collector.function(schema, name, isSafeFunction(schema, name), this.position(location));
  }

  /** Operators are functions: those that are not PostgreSQL's own are reported like unknown functions. */
  useOperator(names: unknown, location: unknown): void {
    if (nameParts(names).length === 0) return;
    const { schema, name } = qualifiedName(names);
    if (!isSafeOperator(schema, name)) this.collector.function(schema, name, false, this.position(location));
  }

  useType(node: Tree): void {
    const { schema, name } = qualifiedName(node.names);
    if (!isSafeType(schema, name)) this.collector.function(schema, name, false, this.position(node.location));
  }

  selectFields(names: readonly string[], location: unknown): void {
    for (const name of names)
      if (isUnsafeAttribute(name)) this.collector.function(null, name, false, this.position(location));
  }

  useParameter(node: Tree): void {
    const number = typeof node.number === 'number' ? node.number : 0;
    if (number < 1 || number > maxParameter)
      refuse('query.unsupported', `Parameters are $1 to $${maxParameter}`, {
        construct: `$${number}`,
        position: this.position(node.location),
      });
    this.collector.parameter(number);
  }

  /** Any function may be a sampling method; the built-in ones only choose rows. */
  sample(node: Tree): void {
    const { schema, name } = qualifiedName(node.method);
    const safe = (schema === null || schema === 'pg_catalog') && (name === 'bernoulli' || name === 'system');
    this.collector.function(schema, name, safe, this.position(node.location));
  }

  private refuseField(kind: string, field: string): never {
    const { construct, code } = describeNode(field, kind);
    return refuse(code, `${construct} is not accepted here`, { construct });
  }
}
