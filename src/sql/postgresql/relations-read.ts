import { isTree, type Tree } from '../json-tree';
import { asText, locationOf } from './tree';

export interface RelationRead {
  readonly schema: string | null;
  readonly name: string;
  /** UTF-8 offset of its name. */
  readonly location: number;
}

type Visit = (relation: Tree, ctes: ReadonlySet<string>) => void;

const nameOf = (cte: Tree): string =>
  isTree(cte.CommonTableExpr) ? (asText(cte.CommonTableExpr.ctename) ?? '') : '';

/** What a change writes stands without its kind: `{"relation": {"relname": …}}`. */
const isTarget = (key: string, value: object): boolean => key === 'relation' && 'relname' in value;

/**
 * A name is a CTE's only below the statement whose WITH defines it, and without RECURSIVE not inside its own definition
 * nor the ones before it (parse_cte.c, transformWithClause).
 */
function walkScoped(node: Tree, clause: Tree, outer: ReadonlySet<string>, visit: Visit): void {
  const definitions = (Array.isArray(clause.ctes) ? clause.ctes : []) as readonly Tree[];
  const inner = new Set([...outer, ...definitions.map(nameOf)]);
  const seen = new Set(outer);
  for (const cte of definitions) {
    walk(cte, clause.recursive === true ? inner : new Set(seen), visit);
    seen.add(nameOf(cte));
  }
  for (const key in node) if (key !== 'withClause') walkMember(key, node[key], inner, visit);
}

function walkMember(key: string, value: unknown, ctes: ReadonlySet<string>, visit: Visit): void {
  if (typeof value !== 'object' || value === null) return;
  if (key === 'RangeVar') visit(value as Tree, ctes);
  else if (!isTarget(key, value)) walk(value, ctes, visit);
}

function walk(value: object, ctes: ReadonlySet<string>, visit: Visit): void {
  if (Array.isArray(value)) {
    for (const item of value) walkMember('', item, ctes, visit);
    return;
  }
  const node = value as Tree;
  if (isTree(node.withClause)) walkScoped(node, node.withClause, ctes, visit);
  else for (const key in node) walkMember(key, node[key], ctes, visit);
}

/** Every relation that a parse tree reads, without the names that its WITH clauses define. */
export function relationsRead(tree: Tree): RelationRead[] {
  const found: RelationRead[] = [];
  walk(tree, new Set(), (relation, ctes) => {
    const schema = asText(relation.schemaname);
    const name = asText(relation.relname) ?? '';
    if (schema !== null || !ctes.has(name)) found.push({ schema, name, location: locationOf(relation) });
  });
  return found;
}
