import { VisitorKeys } from 'sqlite3-parser';
import type { Tree } from '../parse-sqlite';

const childrenOf = VisitorKeys as Readonly<Record<string, readonly string[] | undefined>>;

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && typeof (value as Tree).type === 'string';

/** One member of a node, `null` when the text leaves it out. */
export function child(node: Tree, member: string): Tree | null {
  const value = node[member];
  return isTree(value) ? value : null;
}

export function children(node: Tree, member: string): readonly Tree[] {
  const value = node[member];
  return Array.isArray(value) ? (value as Tree[]) : [];
}

/** All nodes right below, in the grammar's order. */
export function below(node: Tree): Tree[] {
  return (childrenOf[node.type] ?? []).flatMap((member) => [
    ...children(node, member),
    ...(isTree(node[member]) ? [node[member]] : []),
  ]);
}

/** The name that an `Id`, `Name` or `NameExpr` holds, without its quotes. */
export function nameOf(node: Tree): string {
  if (typeof node.text === 'string') return node.text;
  return typeof node.name === 'string' ? node.name : nameOf(node.name as Tree);
}

export const startOf = (node: Tree): number => node.span.offset;
export const endOf = (node: Tree): number => node.span.offset + node.span.length;
