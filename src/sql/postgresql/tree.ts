import { isTree, listOf, type Tree } from '../json-tree';

export const asText = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** A node wrapped in its kind: `{"ColumnRef": {…}}`. */
export function unwrap(value: unknown): { readonly kind: string; readonly node: Tree } | null {
  if (!isTree(value)) return null;
  const [kind] = Object.keys(value);
  const node = kind === undefined ? undefined : value[kind];
  return kind !== undefined && isTree(node) ? { kind, node } : null;
}

/** The parts of a qualified name, a list of String nodes; a star is left out. */
export function nameParts(list: unknown): string[] {
  return listOf(list).flatMap((node) =>
    isTree(node) && isTree(node.String) ? [asText(node.String.sval) ?? ''] : [],
  );
}

export function hasStar(list: unknown): boolean {
  return listOf(list).some((node) => isTree(node) && 'A_Star' in node);
}

/** Zero is left out of the JSON; -1 means that the grammar does not know. */
export function locationOf(node: Tree): number {
  return typeof node.location === 'number' ? node.location : 0;
}

/** The node without its kind; empty for nothing. */
export function nodeOf(value: unknown): Tree {
  return unwrap(value)?.node ?? {};
}

export function aliasOf(node: Tree): { readonly name: string | null; readonly columns: readonly string[] } {
  const alias = isTree(node.alias) ? node.alias : {};
  return { name: asText(alias.aliasname), columns: nameParts(alias.colnames) };
}
