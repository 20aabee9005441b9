import { fullName } from '../../common/relation-description';
import type { CanonicalType } from '../../drivers/cell';
import type { ForeignKeyInfo, TableInfo } from '../../drivers/table-info';
import type { MoveColumn, MoveTable } from './move-table';
import type { ShardCatalog } from './read-catalog';
import { refused } from './refused';

/** A table as it is declared for a group. */
export interface DeclaredTable {
  /** `null` where the database of the connection is the schema. */
  readonly schema: string | null;
  readonly table: string;
  /** `null`: every shard has the table for itself, and its rows stay. */
  readonly keyColumn: string | null;
}

const keyTypes: ReadonlySet<CanonicalType> = new Set(['text', 'uuid', 'integer', 'bigint']);
/** Types whose values are equal exactly when their texts are. */
const idTypes: ReadonlySet<CanonicalType> = new Set([
  ...keyTypes,
  'bytes',
  'date',
  'timestamp',
  'timestamptz',
  'boolean',
]);
const unsupported = /^(geometry|point|line|polygon|multi|geom|vector)/i;

/**
 * What is moved, parents first, when the declared tables can be.
 * @throws AppError `shard.move_refused` with the reason
 */
export function planMove(
  declared: readonly DeclaredTable[],
  source: ShardCatalog,
  target: ShardCatalog,
): MoveTable[] {
  const keyed = declared.filter(({ keyColumn }) => keyColumn !== null);
  if (keyed.length === 0) throw refused('No table of the group is declared with a key column');
  for (const [catalog, where] of [
    [source, 'source'],
    [target, 'target'],
  ] as const) {
    const forgotten = catalog.tables.filter((table) => !declared.some((one) => isOf(one, table)));
    if (forgotten.length > 0) {
      throw refused(`The ${where} has tables that are not declared: ${some(forgotten.map(fullName))}`);
    }
  }
  const tables = keyed.map((one) => planTable(one, source, target));
  for (const catalog of [source, target]) refuseForeignKeys(declared, catalog);
  return inOrder(tables, keyed, source);
}

function planTable(one: DeclaredTable, source: ShardCatalog, target: ShardCatalog): MoveTable {
  const title = fullName({ schema: one.schema, name: one.table });
  const [here, there] = [source, target].map(({ tables }) => tables.find((table) => isOf(one, table)));
  if (!here || !there) throw refused(`${title} is not on both shards`);
  for (const [catalog, table] of [
    [source, here],
    [target, there],
  ] as const) {
    if (catalog.triggered.has(`${table.schema}.${table.name}`)) {
      throw refused(`${title} has triggers, which would change rows once more`);
    }
    if (!table.indexes.some(({ columns }) => columns[0] === one.keyColumn)) {
      throw refused(`${title} has no index that begins with ${one.keyColumn}`);
    }
  }
  const columns = storedColumns(here, source);
  const others = storedColumns(there, target);
  const shape = (all: readonly MoveColumn[]): string =>
    JSON.stringify(all.map(({ name, nativeType }) => JSON.stringify([name, nativeType])).toSorted());
  if (shape(columns) !== shape(others)) throw refused(`${title} has other columns or types on the target`);
  const odd = columns.find(({ nativeType }) => unsupported.test(nativeType));
  if (odd) throw refused(`${title}.${odd.name} is of a type that is not moved: ${odd.nativeType}`);
  const primaryKey = primaryKeyOf(here, columns);
  if (primaryKey.length === 0) throw refused(`${title} has no primary key`);
  if (shape(primaryKey) !== shape(primaryKeyOf(there, others))) {
    throw refused(`${title} has another primary key on the target`);
  }
  const loose = primaryKey.find(({ type }) => !idTypes.has(type));
  if (loose)
    throw refused(`${title}.${loose.name} is of a type that rows are not told apart by: ${loose.type}`);
  const key = columns.find(({ name }) => name === one.keyColumn);
  if (!key) throw refused(`${title} has no stored column ${one.keyColumn}`);
  if (!keyTypes.has(key.type))
    throw refused(`${title}.${key.name} is of a type that keys are not of: ${key.type}`);
  const nullable = [here, there].some(
    (table) => table.columns.find(({ name }) => name === key.name)?.nullable !== false,
  );
  if (nullable) throw refused(`${title}.${key.name} may be NULL, and such rows belong to no key`);
  return { schema: one.schema, name: one.table, key, primaryKey, columns };
}

/** Rows must not lose what they refer to, nor take along what refers to them. */
function refuseForeignKeys(declared: readonly DeclaredTable[], { tables }: ShardCatalog): void {
  for (const table of tables) {
    const moves = declared.some((one) => isOf(one, table) && one.keyColumn !== null);
    for (const foreign of table.foreignKeys) {
      const parent = declared.find((one) => isParent(foreign, table, one));
      if (moves && !parent) {
        throw refused(`${fullName(table)} refers to ${foreign.referencedTable}, which is not declared`);
      }
      if (!moves && parent && parent.keyColumn !== null) {
        throw refused(`${fullName(table)} refers to ${parent.table}, whose rows move while its own stay`);
      }
    }
  }
}

/** Parents before their children. */
function inOrder(
  tables: readonly MoveTable[],
  keyed: readonly DeclaredTable[],
  { tables: catalog }: ShardCatalog,
): MoveTable[] {
  const needs = new Map(
    keyed.map((one, index) => {
      const info = catalog.find((table) => isOf(one, table))!;
      const parents = keyed.flatMap((parent, at) =>
        info.foreignKeys.some((foreign) => isParent(foreign, info, parent)) ? [tables[at]!] : [],
      );
      return [tables[index]!, parents];
    }),
  );
  const sorted: MoveTable[] = [];
  const left = [...tables];
  while (left.length > 0) {
    const at = left.findIndex((table) => !needs.get(table)!.some((parent) => left.includes(parent)));
    const [next] = at === -1 ? [] : left.splice(at, 1);
    if (!next) throw refused(`Foreign keys of ${some(left.map(fullName))} lead in a circle`);
    sorted.push(next);
  }
  return sorted;
}

function storedColumns(table: TableInfo, { generated }: ShardCatalog): MoveColumn[] {
  return table.columns
    .filter(({ name }) => !generated.has(`${table.schema}.${table.name}.${name}`))
    .map(({ name, type, nativeType }) => ({ name, type, nativeType }));
}

function primaryKeyOf({ columns }: TableInfo, stored: readonly MoveColumn[]): MoveColumn[] {
  return stored.filter(({ name }) => columns.some((one) => one.name === name && one.primaryKey));
}

function isOf(one: DeclaredTable, table: Pick<TableInfo, 'schema' | 'name'>): boolean {
  return one.table === table.name && (one.schema === null || one.schema === table.schema);
}

function isParent(foreign: ForeignKeyInfo, child: TableInfo, parent: DeclaredTable): boolean {
  const schema = foreign.referencedSchema;
  if (parent.schema === null && schema !== child.schema) return false;
  return isOf(parent, { schema, name: foreign.referencedTable });
}

function some(names: readonly string[]): string {
  const rest = names.length - 5;
  return names.slice(0, 5).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
