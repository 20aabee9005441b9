import type { Dialect } from '../../common/dialect';
import type { RelationName } from '../../common/relation-description';

const quoted = (mark: string): ((name: string) => string) => {
  return (name) => `${mark}${name.replaceAll(mark, mark + mark)}${mark}`;
};
const select =
  (quote: (name: string) => string) =>
  ({ schema, name }: RelationName): string =>
    `SELECT * FROM ${schema === null ? '' : `${quote(schema)}.`}${quote(name)} LIMIT 0`;

const statements: Readonly<Record<Dialect, (relation: RelationName) => string>> = {
  postgresql: select(quoted('"')),
  mysql: select(quoted('`')),
  sqlite: select(quoted('"')),
  mongodb: ({ name }) => JSON.stringify({ operation: 'find', collection: name, limit: 1 }),
};

/** Reads every column of a relation and no row: what makes a database resolve the policies on it. */
export function probeStatement(dialect: Dialect, relation: RelationName): string {
  return statements[dialect](relation);
}
