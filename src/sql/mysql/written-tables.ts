import { isTree, type Tree } from '../json-tree';
import type { WrittenTable } from '../written-tables';
import { parseMysql } from './parse-mysql';
import { namesOf, textOf } from './tree';

/** What stands in the FROM clauses of a statement that the analysis has accepted. */
export async function writtenTablesMysql(text: string): Promise<readonly WrittenTable[]> {
  const { tree } = await parseMysql(text);
  const found: WrittenTable[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (!isTree(value)) return;
    if (isTree(value.Table) && Array.isArray(value.Table.name)) found.push(tableOf(value.Table, text));
    else if (isTree(value.Derived)) found.push(derivedOf(value.Derived, text));
    for (const member of Object.values(value)) visit(member);
  };
  visit(tree);
  return found.filter(({ alias }) => alias !== '');
}

/** Whether there is a condition is for the server to tell. */
function tableOf(table: Tree, text: string): WrittenTable {
  const names = partsOf(table.name, text);
  const name = names.at(-1) ?? '';
  return {
    alias: aliasOf(table, text) ?? name,
    relation: { schema: names.at(-2) ?? null, name },
    conditional: false,
  };
}

function derivedOf(derived: Tree, text: string): WrittenTable {
  return { alias: aliasOf(derived, text) ?? '', relation: null, conditional: false };
}

function aliasOf({ alias }: Tree, text: string): string | null {
  return isTree(alias) && isTree(alias.name) ? textOf(alias.name, text) : null;
}

function partsOf(parts: unknown, text: string): readonly string[] {
  const identifiers = Array.isArray(parts) ? (parts as readonly Tree[]) : [];
  return identifiers.flatMap((part) =>
    isTree(part.Identifier) ? [textOf(part.Identifier, text)] : namesOf([part]),
  );
}
