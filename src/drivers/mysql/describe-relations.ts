import { createHash } from 'node:crypto';
import { groupBy } from '../../common/group-by';
import { quoteText } from '../../common/quote/mysql';
import type { DescribedColumn, RelationDescription, RelationName } from '../../common/relation-description';
import { collectRows } from '../collect-rows';
import type { Source } from '../driver';

const timeoutMs = 60_000;

/** Relations asked about in one statement: each takes four SELECTs of a UNION. */
const batch = 30;

/** DATA_TYPE of what holds character strings. */
const textualTypes = new Set([
  'char',
  'varchar',
  'tinytext',
  'text',
  'mediumtext',
  'longtext',
  'enum',
  'set',
]);

/** A row of `catalogQuery`: the number of the relation, the part, an order, and what the part says. */
export type CatalogRow = readonly (string | null)[];

/**
 * What information_schema says of relations that are named by constants, the only form in which MariaDB looks nothing
 * else up. All cells are character strings (or NULL), so that the text and the binary protocol give the same.
 */
export function catalogQuery(relations: readonly RelationName[]): string {
  return relations
    .flatMap((relation, index) => {
      const where = `where table_schema = ${quoteText(relation.schema ?? '')} and table_name = ${quoteText(relation.name)}`;
      return [
        `select '${index}' as number, 'relation' as part, '0' as place, cast(table_name as char) as name, cast(table_type as char) as a,
           cast(create_time as char) as b, cast(engine as char) as c, cast(create_options as char) as d
         from information_schema.tables ${where}`,
        `select '${index}', 'column', cast(ordinal_position as char), cast(column_name as char), cast(column_type as char),
           cast(data_type as char), cast(extra as char), cast(concat_ws(' ', is_nullable, collation_name, generation_expression) as char)
         from information_schema.columns ${where}`,
        `select '${index}', 'key', cast(seq_in_index as char), cast(column_name as char), null, null, null, null
         from information_schema.statistics ${where} and index_name = 'PRIMARY'`,
        `select '${index}', 'view', '0', cast(table_name as char), cast(view_definition as char), cast(security_type as char),
           cast(definer as char), cast(check_option as char)
         from information_schema.views ${where}`,
      ];
    })
    .join(' union all ');
}

/** The answers to `catalogQuery`, in the order of the relations; `null` where there is none of that name. */
export function readCatalog(
  relations: readonly RelationName[],
  rows: readonly CatalogRow[],
): (RelationDescription | null)[] {
  const all = groupBy(rows, ([index]) => index);
  return relations.map((relation, index) => readRelation(relation, all.get(String(index)) ?? []));
}

function readRelation(relation: RelationName, rows: readonly CatalogRow[]): RelationDescription | null {
  const part = (wanted: string): CatalogRow[] =>
    rows
      .filter(([, name]) => name === wanted)
      .toSorted(([, , first], [, , second]) => Number(first) - Number(second));
  const [found] = part('relation');
  if (found === undefined) return null;
  const [view] = part('view');
  const isView = view !== undefined || (found[4] ?? '').endsWith('VIEW');
  // what the account may not look into comes empty
  const definition = view?.[4] ?? '';
  // the time at which it was made is that of this server
  const content = ['relation', 'column', 'key', 'view'].map((wanted) =>
    part(wanted).map((row) => [
      ...row.slice(2, 5),
      ...(wanted === 'relation' ? [] : [row[5]]),
      ...row.slice(6),
    ]),
  );
  return {
    schema: relation.schema,
    // as the server stores it, where lower_case_table_names lets it be written otherwise
    name: found[3] ?? relation.name,
    kind: isView ? 'view' : 'table',
    columns: part('column').map(readColumn),
    primaryKey: part('key').map((row) => row[3] ?? ''),
    definition: isView && definition !== '' ? definition : null,
    ancestors: [],
    descendants: [],
    version: versionOf(content, found[5] ?? ''),
  };
}

/** The shape of a relation, a point, and the time at which this server made it. */
function versionOf(shape: unknown, createdAt: string): string {
  return `${digest(JSON.stringify(shape), 32)}.${digest(createdAt, 8)}`;
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** What of a version is the same on a replica, which makes its tables when it hears of them. */
export function shapeOf(version: string): string {
  return version.split('.', 1)[0] ?? version;
}

/** @param expected a version, or only its shape */
export function isVersion(found: string | null, expected: string | null): boolean {
  if (found === null || expected === null) return found === expected;
  return found === expected || shapeOf(found) === expected;
}

function readColumn([, , , name, type, dataType, extra]: CatalogRow): DescribedColumn {
  return {
    name: name ?? '',
    type: type ?? '',
    textual: textualTypes.has((dataType ?? '').toLowerCase()),
    visible: !/\bINVISIBLE\b/i.test(extra ?? ''),
    // VIRTUAL or STORED; MySQL calls defaults that are expressions DEFAULT_GENERATED
    ...(/\bGENERATED\b/i.test((extra ?? '').replace('DEFAULT_GENERATED', '')) ? { generated: true } : {}),
  };
}

/**
 * Relations in the order asked, `null` where there is none of that name (or the account has no right to anything of
 * it). The version of a table holds the second in which it was made: one that is dropped and made again in the same
 * second, alike in all columns, keys and options, keeps it.
 */
export async function describeRelations(
  source: Pick<Source, 'query'>,
  relations: readonly RelationName[],
  signal: AbortSignal,
): Promise<(RelationDescription | null)[]> {
  const descriptions: (RelationDescription | null)[] = [];
  for (let start = 0; start < relations.length; start += batch) {
    const some = relations.slice(start, start + batch);
    const rows = await collectRows(source, catalogQuery(some), signal, timeoutMs);
    descriptions.push(...readCatalog(some, rows as CatalogRow[]));
  }
  return descriptions;
}
