import { quoteText } from '../../common/quote/mysql';
import { isIn, rule } from './catalog-rule';
import { visibleSchemas, type CatalogRules, type Visibility } from './visibility';

const notOfServer = (schema: string): string => `${schema} NOT IN ('mysql', 'performance_schema', 'sys')`;

function visible({ allowedSchemas, allowedTables }: Visibility, schema: string, name: string): string {
  const rules = [
    ...(allowedSchemas === null ? [] : [isIn(schema, allowedSchemas, quoteText)]),
    ...(allowedTables === null ? [] : [isIn(`CONCAT(${schema}, '.', ${name})`, allowedTables, quoteText)]),
  ];
  return [notOfServer(schema), ...rules].join(' AND ');
}

function visibleSchema(visibility: Visibility, schema: string): string {
  const schemas = visibleSchemas(visibility);
  const system = notOfServer(schema);
  return schemas === null ? system : `${system} AND ${isIn(schema, schemas, quoteText)}`;
}

function notDenied({ denied }: Visibility, schema: string, name: string, column: string): string {
  const columns = denied.map(
    (one) =>
      `NOT (${schema} = ${quoteText(one.schema ?? '')} AND ${name} = ${quoteText(one.name)} AND ${column} = ${quoteText(one.column)})`,
  );
  return columns.length === 0 ? '' : ` AND ${columns.join(' AND ')}`;
}

const byNames = (hidden = '') => rule((v) => visible(v, 'TABLE_SCHEMA', 'TABLE_NAME'), hidden);
const byColumn = (hidden = '') =>
  rule(
    (v) =>
      `${visible(v, 'TABLE_SCHEMA', 'TABLE_NAME')}${notDenied(v, 'TABLE_SCHEMA', 'TABLE_NAME', 'COLUMN_NAME')}`,
    hidden,
  );

/** What may be browsed of information_schema; definitions, default expressions and privileges are NULL. */
export const mysqlCatalog: CatalogRules = new Map([
  ['schemata', rule((v) => visibleSchema(v, 'SCHEMA_NAME'))],
  [
    'tables',
    byNames(
      'CREATE_OPTIONS AUTO_INCREMENT CHECKSUM TABLE_ROWS AVG_ROW_LENGTH DATA_LENGTH INDEX_LENGTH DATA_FREE MAX_DATA_LENGTH UPDATE_TIME CHECK_TIME',
    ),
  ],
  ['columns', byColumn('COLUMN_DEFAULT PRIVILEGES GENERATION_EXPRESSION')],
  ['views', byNames('VIEW_DEFINITION DEFINER')],
  ['statistics', byColumn('CARDINALITY')],
  ['key_column_usage', byColumn()],
  ['table_constraints', byNames()],
  ['referential_constraints', rule((v) => visible(v, 'CONSTRAINT_SCHEMA', 'TABLE_NAME'))],
]);
