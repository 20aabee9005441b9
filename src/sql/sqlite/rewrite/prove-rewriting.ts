import { keyedHashFunction } from '../../../common/keyed-hash-function';
import type { TextEdit } from '../../policy/rewriting';
import { parseSqlite } from '../parse-sqlite';
import { TreeWalker } from '../walk-tree';
import { child } from './tree';

/**
 * Reads the result again and shows that it names no protected relation outside of what was spliced, except as the table
 * that is written. A mistake of the rewriting ends here and not at the database.
 *
 * @param target offset of the written table's name in the text as written
 * @throws Error
 */
export function proveRewriting(
  rewritten: string,
  edits: readonly TextEdit[],
  isProtected: (name: string) => boolean,
  target: number | null,
): void {
  const spliced: { readonly start: number; readonly end: number }[] = [];
  let shift = 0;
  let targetAt = target;
  for (const { start, end, text } of edits) {
    spliced.push({ start: start + shift, end: start + shift + text.length });
    shift += text.length - (end - start);
    if (target !== null && end <= target) targetAt = target + shift;
  }
  const isSpliced = (position: number | null): boolean =>
    position !== null && spliced.some(({ start, end }) => position >= start && position < end);
  const walker = new TreeWalker();
  const root = parseSqlite(rewritten);
  walker.visit(root.type === 'ExplainStmt' ? (child(root, 'stmt') ?? root) : root);
  const { relations, functions } = walker.collector.facts('rewritten');
  for (const { schema, name, access, position } of relations) {
    if ((schema !== null && schema !== 'main') || !isProtected(name) || isSpliced(position)) continue;
    if (access === 'write' && position === targetAt) continue;
    throw new Error('a protected relation is left after rewriting');
  }
  for (const { name, position } of functions)
    if (name === keyedHashFunction && !isSpliced(position))
      throw new Error('the keyed hash is called by hand');
}
