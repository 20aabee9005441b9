import { createHash } from 'node:crypto';
import type { Dialect } from '../../common/dialect';
import type { StatementFacts } from '../../sql/facts';
import { catalogPolicy } from '../../sql/policy/catalog-visibility';
import type { DeniedColumn, Visibility } from '../../sql/policy/visibility';
import { isSystemRelation } from '../../sql/system-relations';
import { foldPermission } from '../permissions/decide-statement';
import type { Permission } from '../permissions/permission';
import type { EffectivePolicies } from './effective-policies';

export function readsCatalog(dialect: Dialect, { relations }: Pick<StatementFacts, 'relations'>): boolean {
  return relations.some(({ schema, name }) => isSystemRelation(dialect, schema, name));
}

/** The policies of a viewer together with those that show the catalogs as the viewer may see them. */
export function withCatalog(
  policies: EffectivePolicies,
  permission: Permission,
  dialect: Dialect,
  denied: readonly DeniedColumn[],
): EffectivePolicies {
  const { allowedSchemas, allowedTables } = foldPermission(permission, dialect);
  const visibility: Visibility = { allowedSchemas, allowedTables, denied };
  const digest = createHash('sha256').update(JSON.stringify(visibility)).digest('base64');
  return {
    ...policies,
    key: `${policies.key}:${digest}`,
    isEmpty: false,
    callsFunctions: true,
    policyOf: (relation) =>
      (isSystemRelation(dialect, relation.schema, relation.name)
        ? catalogPolicy(dialect, relation, visibility)
        : null) ?? policies.policyOf(relation),
  };
}
