import type { WrittenTable } from '../written-tables';
import { parseSqlite, type Tree } from './parse-sqlite';
import { below, child, children, nameOf } from './rewrite/tree';

const changes = new Set(['UpdateStmt', 'DeleteStmt']);

/** What stands in the FROM clauses of a statement that the analysis has accepted, and what it changes. */
export function writtenTablesSqlite(text: string): readonly WrittenTable[] {
  const found: WrittenTable[] = [];
  const visit = (node: Tree): void => {
    const conditional = child(node, 'whereClause') !== null;
    const target = changes.has(node.type) ? child(node, 'tblName') : null;
    if (target) found.push(tableOf(target, child(target, 'alias'), conditional));
    const from = child(node, 'from');
    if (from && node.type !== 'SubSelectTable') members(from, conditional, found);
    for (const one of below(node)) visit(one);
  };
  visit(parseSqlite(text));
  return found;
}

/** The members of a FROM clause; those in parentheses belong to the same query. */
function members(from: Tree, conditional: boolean, found: WrittenTable[]): void {
  const first = child(from, 'select');
  const joined = children(from, 'joins').map(
    (join) => [child(join, 'table'), conditional || child(join, 'constraint') !== null] as const,
  );
  for (const [table, isConditional] of [[first, conditional] as const, ...joined]) {
    if (table === null) continue;
    const inner = child(table, 'from');
    const name = child(table, 'tblName');
    const alias = child(table, 'alias');
    if (table.type === 'SubSelectTable' && inner) members(inner, isConditional, found);
    else if (table.type === 'TableSelectTable' && name) found.push(tableOf(name, alias, isConditional));
    else if (alias) found.push({ alias: nameOf(alias), relation: null, conditional: isConditional });
  }
}

function tableOf(name: Tree, alias: Tree | null, conditional: boolean): WrittenTable {
  const schema = child(name, 'dbName');
  const own = nameOf(child(name, 'objName')!);
  return {
    alias: alias ? nameOf(alias) : own,
    relation: { schema: schema && nameOf(schema), name: own },
    conditional,
  };
}
