import type { ErrorCode } from '../../common/errors/catalog';
import type { Dialect } from '../../drivers/driver';
import type { FunctionRef, RelationRef, StatementFacts } from '../../sql/facts';
import { isBrowsable } from '../../sql/policy/catalog-visibility';
import { isSystemRelation } from '../../sql/system-relations';
import type { Permission } from './permission';

/** What of a connection a decision depends on. */
export interface DecisionContext {
  readonly dialect: Dialect;
  readonly readOnly: boolean;
  /** Schemas an unqualified name may resolve to, in order; empty where the engine has no schemas. */
  readonly searchPath: readonly string[];
  /** Administrators may read the server's own catalogs. */
  readonly isAdministrator: boolean;
  /** Functions an administrator has listed for the connection, `schema.name` or `name`. */
  readonly functions?: ReadonlySet<string>;
}

export interface Denial {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly position?: number;
}

/** `null` when the statement may run. */
export type Decision = Denial | null;

/** Whether what a statement touches is permitted. Pure: the same facts give the same answer, whoever asks when. */
export function decideStatement(
  facts: StatementFacts,
  granted: Permission,
  context: DecisionContext,
): Decision {
  // Definitions are the business of administrators; nobody else learns more of them than that they are not accepted.
  if (facts.refusal !== undefined && (!context.isAdministrator || context.readOnly)) return facts.refusal;
  const permission = foldPermission(granted, context.dialect);
  if (!permission.canQuery)
    return { code: 'permission.connection_denied', detail: 'The permission does not include queries' };
  if (facts.access === 'write') {
    if (context.readOnly) return { code: 'query.read_only', detail: 'Only reading is allowed here' };
    if (!permission.canWrite)
      return { code: 'permission.write_denied', detail: 'The permission does not include writing' };
  }
  for (const relation of facts.relations) {
    const denial = decideRelation(relation, permission, context);
    if (denial) return denial;
  }
  for (const fn of facts.functions) {
    if (fn.safe || isListedFunction(fn, context)) continue;
    const full = fn.schema ? `${fn.schema}.${fn.name}` : fn.name;
    return {
      code: 'permission.function_denied',
      detail: `The function ${full} is not on the list of safe functions: an administrator can list it for the connection`,
      ...(fn.position !== null && { position: fn.position }),
    };
  }
  return null;
}

/** A name without a schema may mean a function of any schema of the search path: each of them has to be listed. */
function isListedFunction(
  { schema, name }: FunctionRef,
  { functions, searchPath, dialect }: DecisionContext,
): boolean {
  if (functions === undefined || functions.size === 0) return false;
  if (schema !== null) return functions.has(`${schema}.${name}`);
  if (dialect !== 'postgresql') return functions.has(name);
  return searchPath.length > 0 && searchPath.every((one) => functions.has(`${one}.${name}`));
}

function decideRelation(relation: RelationRef, permission: Permission, context: DecisionContext): Decision {
  const shown = relation.schema ? `${relation.schema}.${relation.name}` : relation.name;
  const at = relation.position !== null && { position: relation.position };
  const denied: Denial = { code: 'permission.table_denied', detail: `${shown} is not permitted`, ...at };
  if (isSystemRelation(context.dialect, relation.schema, relation.name)) {
    // What they see there is what they may read: the rows of a catalog are filtered by its policies.
    const browses = context.isAdministrator || isBrowsable(context.dialect, relation);
    return browses && relation.access === 'read' ? null : denied;
  }
  const schemaOf = (schema: string): string | null =>
    context.dialect === 'sqlite' && schema === 'main' ? null : schema;
  // A name that may resolve to several schemas is permitted only where each of them is.
  const schemas = relation.schema !== null ? [schemaOf(relation.schema)] : context.searchPath;
  const candidates = schemas.length > 0 ? schemas : [null];
  if (!candidates.every((schema) => isReadable(schema, relation.name, permission))) return denied;
  if (
    relation.access === 'write' &&
    !candidates.every((schema) => isListed(schema, relation.name, permission.writableTables))
  ) {
    return { code: 'permission.write_denied', detail: `Writing to ${shown} is not permitted`, ...at };
  }
  return null;
}

/** SQLite's names are the same in any case (ASCII), and facts have them in lower case; elsewhere names are exact. */
export function foldPermission<P extends Permission>(permission: P, dialect: Dialect | null): P {
  if (dialect !== 'sqlite') return permission;
  const fold = (names: readonly string[] | null): readonly string[] | null =>
    names &&
    names.map((name) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/^main\./, ''));
  return {
    ...permission,
    allowedSchemas: fold(permission.allowedSchemas),
    allowedTables: fold(permission.allowedTables),
    writableTables: fold(permission.writableTables),
  };
}

/** Whether the permission covers reading a table; also what a schema browser may show. */
export function isReadable(
  schema: string | null,
  table: string,
  permission: Pick<Permission, 'allowedSchemas' | 'allowedTables'>,
): boolean {
  const schemaAllowed =
    schema === null || permission.allowedSchemas === null || permission.allowedSchemas.includes(schema);
  return schemaAllowed && isListed(schema, table, permission.allowedTables);
}

function isListed(schema: string | null, table: string, tables: readonly string[] | null): boolean {
  return tables === null || tables.includes(schema === null ? table : `${schema}.${table}`);
}
