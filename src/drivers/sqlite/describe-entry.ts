import { parseStmt } from 'sqlite3-parser';
import type { DescribedColumn, RelationDescription } from '../../common/relation-description';
import { typeOfDeclared } from './column-type';
import { computedFrom, fold } from './computed-from';
import type { CatalogEntry } from './protocol';

/** A cast to it leaves values as they are (https://sqlite.org/datatype3.html#determination_of_column_affinity). */
const untyped = 'BLOB';

/** The SELECT of a CREATE VIEW; its relations are those of the same file, whether qualified or not. */
function definitionOf(sql: string): string | null {
  const parsed = parseStmt(sql);
  if (parsed.status !== 'ok' || parsed.root.type !== 'CreateViewStmt') return null;
  const { offset, length } = parsed.root.select.span;
  return sql.slice(offset, offset + length);
}

export function describeEntry(entry: CatalogEntry): RelationDescription {
  const computed = computedFrom(entry);
  const columns = entry.columns.map(({ name, type, hidden }): DescribedColumn => {
    const sources = computed.get(fold(name));
    return {
      name,
      type: type === '' ? untyped : type,
      textual: typeOfDeclared(type) === 'text',
      visible: !hidden,
      ...(sources !== undefined && { generated: true, computedFrom: sources }),
    };
  });
  const rowid: DescribedColumn[] =
    entry.rowid === null ? [] : [{ name: entry.rowid, type: 'INTEGER', textual: false, visible: false }];
  return {
    schema: null,
    name: entry.name,
    kind: entry.isView ? 'view' : 'table',
    columns: [...columns, ...rowid],
    primaryKey: entry.columns
      .filter(({ key }) => key > 0)
      .toSorted((left, right) => left.key - right.key)
      .map(({ name }) => name),
    definition: entry.isView ? definitionOf(entry.sql) : null,
    ancestors: entry.sources.map((name) => ({ schema: null, name })),
    descendants: [],
    version: entry.version,
  };
}
