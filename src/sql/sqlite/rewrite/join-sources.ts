import type { Tree } from '../parse-sqlite';
import { fold } from '../walk-tree';
import { refuseColumn, type Source } from './scope';
import { child, children, nameOf, startOf } from './tree';

export interface Joins {
  readonly sources: readonly Source[];
  /** Expressions of ON. */
  readonly conditions: readonly Tree[];
}

/** JoinType.NATURAL of the grammar. */
const naturalBit = 4;

/** The tables of a FROM clause from left to right. */
export function joinSources(clause: Tree, sourcesOf: (table: Tree) => readonly Source[]): Joins {
  const first = child(clause, 'select');
  const sources: Source[] = first === null ? [] : [...sourcesOf(first)];
  const conditions: Tree[] = [];
  for (const join of children(clause, 'joins')) {
    const table = child(join, 'table');
    if (table === null) continue;
    const right = sourcesOf(table);
    const constraint = child(join, 'constraint');
    const condition = constraint && child(constraint, 'expr');
    if (condition !== null) conditions.push(condition);
    const columns = constraint === null ? [] : children(constraint, 'columns');
    for (const column of columns) requireVisible(column, sources, right);
    const names = isNatural(join)
      ? commonNames(sources, right)
      : columns.map((column) => fold(nameOf(column)));
    sources.push(
      ...right.map((source) => ({ ...source, joined: new Set([...(source.joined ?? []), ...names]) })),
    );
  }
  return { sources, conditions };
}

function isNatural(join: Tree): boolean {
  const operator = child(join, 'operator');
  return (Number(operator?.joinType ?? 0) & naturalBit) !== 0;
}

function commonNames(left: readonly Source[], right: readonly Source[]): string[] {
  const names = new Set(left.flatMap(({ columns }) => columns.map(({ name }) => fold(name))));
  return right
    .flatMap(({ columns }) => columns.map(({ name }) => fold(name)))
    .filter((name) => names.has(name));
}

/** USING takes the column from both sides: on neither may it be one that the viewer does not see. */
function requireVisible(column: Tree, left: readonly Source[], right: readonly Source[]): void {
  const name = fold(nameOf(column));
  for (const side of [left, right]) {
    const visible = side.some(
      ({ columns, open }) => open || columns.some((each) => fold(each.name) === name),
    );
    const hidden = side.find(({ denied }) => denied.has(name));
    if (!visible && hidden)
      refuseColumn(hidden.denied.get(name) ?? name, hidden.relation ?? '', startOf(column));
  }
}
