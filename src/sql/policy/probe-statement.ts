import type { Dialect } from '../../common/dialect';
import { quoteRelation as quoteMysql } from '../../common/quote/mysql';
import { quoteRelation as quotePostgresql } from '../../common/quote/postgresql';
import { quoteIdentifier as quoteSqlite } from '../../common/quote/sqlite';
import type { RelationName } from '../../common/relation-description';

const select = (relation: string): string => `SELECT * FROM ${relation} LIMIT 0`;

const statements: Readonly<Record<Dialect, (relation: RelationName) => string>> = {
  postgresql: (relation) => select(quotePostgresql(relation)),
  mysql: (relation) => select(quoteMysql(relation)),
  sqlite: ({ name }) => select(quoteSqlite(name)),
  mongodb: ({ name }) => JSON.stringify({ operation: 'find', collection: name, limit: 1 }),
};

/** Reads every column of a relation and no row: what makes a database resolve the policies on it. */
export function probeStatement(dialect: Dialect, relation: RelationName): string {
  return statements[dialect](relation);
}
