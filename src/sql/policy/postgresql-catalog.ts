import { quoteText } from '../../common/quote/postgresql';
import { isIn, rule } from './catalog-rule';
import { visibleSchemas, type CatalogRules, type Visibility } from './visibility';

const own = ['pg_catalog', 'information_schema'];

/** Whether a relation may be read; the catalog's own ones are no secret. */
function visible({ allowedSchemas, allowedTables }: Visibility, schema: string, name: string): string {
  const rules = [
    ...(allowedSchemas === null ? [] : [isIn(`${schema}::text`, allowedSchemas, quoteText)]),
    ...(allowedTables === null
      ? []
      : [isIn(`(${schema}::text || '.' || ${name}::text)`, allowedTables, quoteText)]),
  ];
  return rules.length === 0
    ? 'true'
    : `(${isIn(`${schema}::text`, own, quoteText)} OR (${rules.join(' AND ')}))`;
}

function visibleSchema(visibility: Visibility, schema: string): string {
  const schemas = visibleSchemas(visibility);
  return schemas === null ? 'true' : isIn(`${schema}::text`, [...own, ...schemas], quoteText);
}

function notDenied({ denied }: Visibility, schema: string, name: string, column: string): string {
  const columns = denied.map(
    (one) => `(${quoteText(one.schema ?? '')}, ${quoteText(one.name)}, ${quoteText(one.column)})`,
  );
  return columns.length === 0
    ? 'true'
    : `(${schema}::text, ${name}::text, ${column}::text) NOT IN (${columns.join(', ')})`;
}

/** OIDs of what may be read, without the relations that have a denied column where `whole`. */
function visibleOids(visibility: Visibility): string {
  return `SELECT r.oid FROM pg_catalog.pg_class r JOIN pg_catalog.pg_namespace s ON s.oid = r.relnamespace
    WHERE ${visible(visibility, 's.nspname', 'r.relname')}`;
}

const byNames = (schema: string, name: string, hidden = '') =>
  rule((visibility) => visible(visibility, schema, name), hidden);
const byOid = (oid: string, hidden = '') =>
  rule((visibility) => `${oid} IN (${visibleOids(visibility)})`, hidden);
const bySchema = (schema: string, hidden = '') =>
  rule((visibility) => visibleSchema(visibility, schema), hidden);
const byColumn = (schema: string, name: string, column: string, hidden = '') =>
  rule(
    (visibility) => `${visible(visibility, schema, name)} AND ${notDenied(visibility, schema, name, column)}`,
    hidden,
  );
const whole = rule(null);
/** Text of an index or constraint may name any column: not shown for a table that has a denied one. */
const withoutDenied = (schema: string, name: string, hidden = '') =>
  rule(
    (visibility) => `${visible(visibility, schema, name)} AND ${notDeniedTable(visibility, schema, name)}`,
    hidden,
  );

function notDeniedTable({ denied }: Visibility, schema: string, name: string): string {
  const tables = [
    ...new Set(denied.map((one) => `(${quoteText(one.schema ?? '')}, ${quoteText(one.name)})`)),
  ];
  return tables.length === 0 ? 'true' : `(${schema}::text, ${name}::text) NOT IN (${tables.join(', ')})`;
}

/** A schema by its OID. */
const namespaceIn = (oid: string) =>
  rule(
    (visibility) =>
      `${oid} IN (SELECT s.oid FROM pg_catalog.pg_namespace s WHERE ${visibleSchema(visibility, 's.nspname')})`,
  );

/**
 * What may be browsed of information_schema and pg_catalog, the rows by what the viewer may read. Columns that hold
 * values of tables (`attmissingval`, bounds of partitions, default and check expressions), counts of rows, definitions and privileges
 * are NULL. Statistics (pg_stats, pg_statistic), accounts, settings, activity and function bodies are not here.
 */
export const postgresqlCatalog: CatalogRules = new Map([
  ['information_schema.schemata', bySchema('schema_name', 'schema_owner')],
  ['information_schema.tables', byNames('table_schema', 'table_name')],
  [
    'information_schema.columns',
    byColumn('table_schema', 'table_name', 'column_name', 'column_default generation_expression'),
  ],
  ['information_schema.views', byNames('table_schema', 'table_name', 'view_definition')],
  ['information_schema.table_constraints', byNames('table_schema', 'table_name')],
  ['information_schema.key_column_usage', byColumn('table_schema', 'table_name', 'column_name')],
  ['information_schema.constraint_column_usage', byColumn('table_schema', 'table_name', 'column_name')],
  ['information_schema.constraint_table_usage', byNames('table_schema', 'table_name')],
  ['information_schema.referential_constraints', bySchema('constraint_schema')],
  ['information_schema.sequences', bySchema('sequence_schema', 'start_value minimum_value maximum_value')],
  ['pg_catalog.pg_namespace', bySchema('nspname', 'nspowner nspacl')],
  [
    'pg_catalog.pg_class',
    rule(
      (visibility) => `oid IN (${visibleOids(visibility)})
        OR oid IN (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid IN (${visibleOids(visibility)}))`,
      'relowner relacl relpartbound reloptions reltuples relpages relallvisible relallfrozen',
    ),
  ],
  [
    'pg_catalog.pg_attribute',
    rule(
      (visibility) => `(attrelid IN (${visibleOids(visibility)})
        OR attrelid IN (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid IN (${visibleOids(visibility)})))
        AND ${
          visibility.denied.length === 0
            ? 'true'
            : `(attrelid, attname) NOT IN (SELECT r.oid, d.name::name FROM (VALUES ${visibility.denied
                .map(
                  (one) =>
                    `(${quoteText(one.schema ?? '')}, ${quoteText(one.name)}, ${quoteText(one.column)})`,
                )
                .join(', ')}) d (schema, relation, name)
                JOIN pg_catalog.pg_namespace s ON s.nspname = d.schema
                JOIN pg_catalog.pg_class r ON r.relnamespace = s.oid AND r.relname = d.relation)`
        }`,
      'attmissingval attacl attoptions attfdwoptions',
    ),
  ],
  ['pg_catalog.pg_index', byOid('indrelid', 'indexprs indpred')],
  ['pg_catalog.pg_constraint', rule((v) => `conrelid = 0 OR conrelid IN (${visibleOids(v)})`, 'conbin')],
  ['pg_catalog.pg_attrdef', byOid('adrelid', 'adbin')],
  [
    'pg_catalog.pg_inherits',
    rule((v) => `inhrelid IN (${visibleOids(v)}) AND inhparent IN (${visibleOids(v)})`),
  ],
  [
    'pg_catalog.pg_description',
    rule(
      (
        v,
      ) => `classoid = (SELECT r.oid FROM pg_catalog.pg_class r JOIN pg_catalog.pg_namespace s ON s.oid = r.relnamespace
        WHERE s.nspname = 'pg_catalog' AND r.relname = 'pg_class') AND objoid IN (${visibleOids(v)})${
          v.denied.length === 0 ? '' : ' AND objsubid = 0'
        }`,
    ),
  ],
  ['pg_catalog.pg_type', namespaceIn('typnamespace')],
  ['pg_catalog.pg_enum', whole],
  ['pg_catalog.pg_range', whole],
  ['pg_catalog.pg_am', whole],
  ['pg_catalog.pg_collation', namespaceIn('collnamespace')],
  ['pg_catalog.pg_language', rule(null, 'lanowner lanacl')],
  ['pg_catalog.pg_operator', namespaceIn('oprnamespace')],
  ['pg_catalog.pg_opclass', whole],
  [
    'pg_catalog.pg_proc',
    rule(
      (v) =>
        `pronamespace IN (SELECT s.oid FROM pg_catalog.pg_namespace s WHERE ${visibleSchema(v, 's.nspname')})`,
      'proowner prosrc probin prosqlbody proargdefaults proconfig proacl',
    ),
  ],
  ['pg_catalog.pg_database', rule(() => 'datname = current_database()', 'datdba datacl datconnlimit')],
  ['pg_catalog.pg_extension', rule(null, 'extowner extconfig extcondition')],
  ['pg_catalog.pg_tables', byNames('schemaname', 'tablename', 'tableowner')],
  ['pg_catalog.pg_views', byNames('schemaname', 'viewname', 'viewowner definition')],
  ['pg_catalog.pg_matviews', byNames('schemaname', 'matviewname', 'matviewowner definition')],
  ['pg_catalog.pg_indexes', withoutDenied('schemaname', 'tablename')],
]);
