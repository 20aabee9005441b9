import type { Dialect } from '../../common/dialect';
import type { RelationName } from '../../common/relation-description';
import type { CatalogRules, Visibility } from './visibility';
import { mysqlCatalog } from './mysql-catalog';
import { postgresqlCatalog } from './postgresql-catalog';
import type { RelationPolicy } from './relation-policy';
import { sqliteCatalog } from './sqlite-catalog';

const catalogs: Readonly<Record<Dialect, CatalogRules>> = {
  postgresql: postgresqlCatalog,
  mysql: mysqlCatalog,
  sqlite: sqliteCatalog,
  mongodb: new Map(),
};

function ruleOf(
  dialect: Dialect,
  { schema, name }: RelationName,
): ((visibility: Visibility) => RelationPolicy) | undefined {
  return catalogs[dialect].get(
    dialect === 'postgresql' ? `${schema ?? 'pg_catalog'}.${name}` : name.toLowerCase(),
  );
}

/** Whether a relation of the server's own may be read by whoever may query, through its policy. */
export function isBrowsable(dialect: Dialect, relation: RelationName): boolean {
  return ruleOf(dialect, relation) !== undefined;
}

/** The same visibility for the catalog as for the tables; `null` for what is no relation of the catalog. */
export function catalogPolicy(
  dialect: Dialect,
  relation: RelationName,
  visibility: Visibility,
): RelationPolicy | null {
  return ruleOf(dialect, relation)?.(visibility) ?? null;
}
