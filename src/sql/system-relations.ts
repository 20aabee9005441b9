import type { Dialect } from '../common/dialect';

type Rule = (schema: string | null, name: string) => boolean;

const postgresqlSchemas = new Set(['pg_catalog', 'information_schema', 'pg_toast']);
const mysqlSchemas = new Set(['information_schema', 'mysql', 'performance_schema', 'sys', 'ndbinfo']);
/** Virtual tables of SQLite that show the engine or the file system instead of data. */
const sqliteTables = new Set([
  'dbstat',
  'bytecode',
  'tables_used',
  'completion',
  'fsdir',
  'zipfile',
  'stmt',
  'memstat',
]);
const mongodbDatabases = new Set(['admin', 'local', 'config']);

const rules: Readonly<Record<Dialect, Rule>> = {
  // pg_catalog is searched first unless named later in search_path, so a bare pg_class is the catalog's.
  postgresql: (schema, name) =>
    schema === null
      ? name.startsWith('pg_')
      : postgresqlSchemas.has(schema) || schema.startsWith('pg_toast') || schema.startsWith('pg_temp'),
  mysql: (schema) => schema !== null && mysqlSchemas.has(schema.toLowerCase()),
  sqlite: (_schema, name) => {
    const folded = name.toLowerCase();
    return folded.startsWith('sqlite_') || folded.startsWith('pragma_') || sqliteTables.has(folded);
  },
  mongodb: (schema, name) =>
    (schema !== null && mongodbDatabases.has(schema)) || name === 'system' || name.startsWith('system.'),
};

/**
 * Whether a reference of a statement reads the server's own catalogs, statistics or accounts rather than data.
 * Names as `StatementFacts` gives them; a `null` schema means the statement named none.
 */
export function isSystemRelation(dialect: Dialect, schema: string | null, name: string): boolean {
  return rules[dialect](schema, name);
}
