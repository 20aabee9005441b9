import { AppError } from '../../../common/app-error';
import type { RelationName } from '../../../common/relation-description';
import type { RelationRef, StatementFacts } from '../../../sql/facts';
import type { ListedProcedure } from '../../permissions/listed-procedure';

/** The parts of `schema.name`; the first point separates them. */
export function qualifiedName(name: string): RelationName {
  const point = name.indexOf('.');
  return point < 0 ? { schema: null, name } : { schema: name.slice(0, point), name: name.slice(point + 1) };
}

export interface FoundProcedure {
  readonly procedure: RelationName;
  readonly declared: ListedProcedure | null;
}

/**
 * The procedure that a name means, and what the permission says of it.
 *
 * @param listed `null`: everything may be called
 * @throws AppError `permission.procedure_denied`, `query.invalid_parameter`
 */
export function findListed(
  written: string,
  listed: readonly ListedProcedure[] | null,
  searchPath: readonly string[],
): FoundProcedure {
  const asked = qualifiedName(written);
  const schemas = asked.schema === null ? searchPath : [asked.schema];
  const candidates = schemas.map((schema) => ({ schema, name: asked.name }));
  const found = candidates.flatMap((procedure): FoundProcedure[] => {
    if (listed === null) return [{ procedure, declared: null }];
    const full = `${procedure.schema}.${procedure.name}`;
    return listed.filter((one) => one.procedure === full).map((declared) => ({ procedure, declared }));
  });
  // Which of them the server would take may change by the minute: it is not guessed.
  if (found.length > 1) throw new AppError('query.invalid_parameter', 'Name the schema of the procedure');
  const [only] = found;
  if (only) return only;
  throw new AppError(
    'permission.procedure_denied',
    `The procedure ${written} is not listed in the permission: an administrator can list it`,
  );
}

/**
 * A call as the decision about statements takes it: a statement that reads and writes what the procedure is said to. Of a
 * procedure of which nothing is said it is not known; it may write where its caller may.
 */
export function factsOfCall(declared: ListedProcedure | null, mayWrite: boolean): StatementFacts {
  const relation =
    (access: 'read' | 'write') =>
    (name: string): RelationRef => ({
      ...qualifiedName(name),
      access,
      position: null,
    });
  const relations = [
    ...(declared?.reads ?? []).map(relation('read')),
    ...(declared?.writes ?? []).map(relation('write')),
  ];
  const writes = declared === null ? mayWrite : declared.writes.length > 0;
  return { kind: 'call', access: writes ? 'write' : 'read', relations, functions: [], parameterCount: 0 };
}
