import type { StatementFacts } from '../facts';
import { refuse, Refused } from '../refused';
import { ddlShapes } from './ddl-shapes';
import { describeNode } from './describe-node';
import { words } from './node-shapes';
import { TreeWalker } from './walk-tree';

type Tree = Readonly<Record<string, unknown>>;
type Names = readonly (readonly string[])[];

const unsupported = (construct: string): never =>
  refuse('query.read_only', `${construct} is not accepted here`, { construct });

const tables = words('OBJECT_TABLE OBJECT_VIEW OBJECT_MATVIEW OBJECT_INDEX');
const isOneOf = (list: readonly string[], value: unknown): boolean => list.includes(String(value));

/** What ALTER TABLE may do; the rest is about owners, storage, triggers, rules, row security and replication. */
const alterations =
  words(`AT_AddColumn AT_DropColumn AT_ColumnDefault AT_SetNotNull AT_DropNotNull AT_AlterColumnType
  AT_AddConstraint AT_DropConstraint AT_ValidateConstraint AT_AlterConstraint AT_AddIdentity AT_SetIdentity
  AT_DropIdentity AT_SetExpression AT_DropExpression AT_AttachPartition AT_DetachPartition AT_AddInherit
  AT_DropInherit`);
const constraints =
  words(`CONSTR_NULL CONSTR_NOTNULL CONSTR_DEFAULT CONSTR_IDENTITY CONSTR_GENERATED CONSTR_CHECK
  CONSTR_PRIMARY CONSTR_UNIQUE CONSTR_FOREIGN CONSTR_ATTR_DEFERRABLE CONSTR_ATTR_NOT_DEFERRABLE CONSTR_ATTR_DEFERRED
  CONSTR_ATTR_IMMEDIATE CONSTR_ATTR_ENFORCED CONSTR_ATTR_NOT_ENFORCED`);
/** Of sequences behind identities, of views, of tables and indexes. */
const options = words(`start increment minvalue maxvalue cache cycle restart security_invoker security_barrier
  check_option fillfactor`);

/** How PostgreSQL spells integers that count themselves; none of them is a type. */
const serials = words('serial bigserial smallserial serial2 serial4 serial8');

/** Forms that are refused wherever they stand. */
const checks: Readonly<Record<string, (node: Tree) => boolean>> = {
  AlterTableStmt: ({ objtype }) => objtype === 'OBJECT_TABLE',
  AlterTableCmd: ({ subtype }) => isOneOf(alterations, subtype),
  Constraint: ({ contype }) => isOneOf(constraints, contype),
  DefElem: ({ defname }) => isOneOf(options, defname),
  CreateTableAsStmt: ({ objtype }) => objtype === 'OBJECT_TABLE' || objtype === 'OBJECT_MATVIEW',
  RenameStmt: ({ renameType }) =>
    isOneOf([...tables, 'OBJECT_COLUMN', 'OBJECT_TABCONSTRAINT', 'OBJECT_SCHEMA'], renameType),
  DropStmt: ({ removeType }) => isOneOf([...tables, 'OBJECT_SCHEMA'], removeType),
  CommentStmt: ({ objtype }) => isOneOf([...tables, 'OBJECT_COLUMN', 'OBJECT_SCHEMA'], objtype),
  // A temporary table would be gone with the reset of its session.
  TargetRangeVar: ({ relpersistence }) => relpersistence === 'p' || relpersistence === undefined,
};

/** How parts of a statement are called in a refusal. */
const constructs: Readonly<Record<string, string>> = {
  AlterTableCmd: 'this form of ALTER TABLE',
  Constraint: 'a constraint of this kind',
  DefElem: 'an option of this name',
  TargetRangeVar: 'a table that is TEMPORARY or UNLOGGED',
};

class DdlWalker extends TreeWalker {
  override visit(kind: string, node: unknown): void {
    if (checks[kind]?.(node as Tree) === false) unsupported(constructs[kind] ?? describeNode(kind).construct);
    super.visit(kind, node);
  }

  override useType(node: Tree): void {
    const [name, ...more] = textOf(node.names);
    if (name === undefined || more.length > 0 || !serials.includes(name)) super.useType(node);
  }
}

/** The texts of a list of String nodes. */
function textOf(list: unknown): string[] {
  return (Array.isArray(list) ? (list as readonly { String?: { sval?: string } }[]) : []).map(
    (part) => part.String?.sval ?? '',
  );
}

/** A schema has nothing of its own to be permitted: it stands for all that is in it. */
const everythingIn = (schema: string): readonly string[] => [schema, '*'];

/** Names of what is changed, for the statements that do not name it as a relation: parts from the outermost. */
const namesOf: Readonly<Record<string, (node: Tree) => Names>> = {
  DropStmt: ({ objects, removeType }) =>
    (objects as readonly Tree[]).map((object) =>
      removeType === 'OBJECT_SCHEMA' ? everythingIn(textOf([object])[0] ?? '') : partsOf(object),
    ),
  CommentStmt: ({ object, objtype }) => {
    if (objtype === 'OBJECT_SCHEMA') return [everythingIn(textOf([object])[0] ?? '')];
    const parts = partsOf(object as Tree);
    return [objtype === 'OBJECT_COLUMN' ? parts.slice(0, -1) : parts];
  },
  TruncateStmt: ({ relations }) =>
    (relations as readonly { RangeVar: Tree }[]).map(({ RangeVar: { catalogname, schemaname, relname } }) =>
      [catalogname, schemaname, relname].flatMap((part) => (typeof part === 'string' ? [part] : [])),
    ),
  RenameStmt: ({ renameType, subname }) =>
    renameType === 'OBJECT_SCHEMA' ? [everythingIn(String(subname))] : [],
  CreateSchemaStmt: ({ schemaname }) => [everythingIn(String(schemaname))],
};

const partsOf = (object: Tree): readonly string[] =>
  textOf((object.List as { items?: unknown } | undefined)?.items);

const statements = new Set(
  words(`CreateStmt AlterTableStmt IndexStmt ViewStmt CreateTableAsStmt CreateSchemaStmt RenameStmt DropStmt CommentStmt
    TruncateStmt`),
);

/** Whether a statement of this kind may define something, as far as its parts allow. */
export const isDdl = (kind: string): boolean => statements.has(kind);

/** Facts of a statement that defines tables, indexes, views or schemas. @throws Refused */
export function analyseDdl(kind: string, node: Tree, toPosition: (offset: number) => number): StatementFacts {
  const { construct, code } = describeNode(kind);
  const walker = new DdlWalker(toPosition, ddlShapes);
  try {
    walker.visit(kind, node);
    for (const parts of namesOf[kind]?.(node) ?? []) {
      const name = parts.at(-1);
      if (name === undefined || parts.length > 2) unsupported('a name of more than two parts');
      else walker.collector.relation(parts.at(-2) ?? null, name, 'write');
    }
  } catch (error) {
    // For everybody it is a statement that is not accepted; a construct only says more of it.
    if (error instanceof Refused && error.refusal.code === 'query.unsupported')
      throw new Refused({ ...error.refusal, code });
    throw error;
  }
  const refusal = { code, detail: `${construct} is not accepted here`, construct };
  return { ...walker.collector.facts('ddl'), access: 'write', refusal };
}
