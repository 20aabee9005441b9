import { parseStmt, traverse, type ColumnDefinition } from 'sqlite3-parser';
import type { CatalogEntry } from './protocol';

export const fold = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** For each generated column, folded, the columns it is computed from at any distance; all others where its text cannot be read. */
export function computedFrom({ columns, sql }: CatalogEntry): ReadonlyMap<string, readonly string[]> {
  const generated = columns.filter((column) => column.generated);
  if (generated.length === 0) return new Map();
  const direct = referencesOf(sql);
  const others = (name: string): string[] =>
    columns.map((column) => column.name).filter((other) => other !== name);
  return new Map(
    generated.map(({ name }): [string, readonly string[]] => {
      if (!direct.has(fold(name))) return [fold(name), others(name)];
      const found = new Set<string>();
      const follow = (column: string): void => {
        for (const reference of direct.get(column) ?? []) {
          if (found.has(reference)) continue;
          found.add(reference);
          follow(reference);
        }
      };
      follow(fold(name));
      return [fold(name), others(name).filter((other) => found.has(fold(other)))];
    }),
  );
}

/** Folded names in the expression of each generated column. */
function referencesOf(sql: string): ReadonlyMap<string, ReadonlySet<string>> {
  const parsed = parseStmt(sql);
  if (parsed.status !== 'ok' || parsed.root.type !== 'CreateTableStmt') return new Map();
  const { body } = parsed.root;
  if (body.type !== 'ColumnsAndConstraintsCreateTableBody') return new Map();
  return new Map(
    body.columns
      .filter(isGenerated)
      .map((column): [string, ReadonlySet<string>] => [fold(column.colName.text), namesIn(column)]),
  );
}

const isGenerated = ({ constraints }: ColumnDefinition): boolean =>
  constraints.some(({ constraint }) => constraint.type === 'GeneratedColumnConstraint');

function namesIn({ constraints }: ColumnDefinition): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { constraint } of constraints) {
    if (constraint.type !== 'GeneratedColumnConstraint') continue;
    traverse(constraint.expr, {
      enter: (node) => {
        // a function's name among them only costs a column too many
        if (node.type === 'Id') names.add(fold(node.name));
        if (node.type === 'Name') names.add(fold(node.text));
      },
    });
  }
  return names;
}
