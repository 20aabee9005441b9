import { parseSync } from 'libpg-query';
import type { Tree } from '../json-tree';
import { Refused } from '../refused';
import { fromUtf8Offsets } from '../text-position';
import { TreeWalker } from './walk-tree';

export interface ViewDefinition {
  /** Without the semicolon the server prints behind it. */
  readonly text: string;
  readonly tree: Tree;
}

/** They tell the account of the connection, and read nothing. */
const accounts = new Set(['current_user', 'session_user', 'current_role', 'user']);

/** A view's SELECT; `null` when it is none that can be analysed, or calls what may read by itself. */
export function parseDefinition(definition: string): ViewDefinition | null {
  const text = definition.replace(/;\s*$/, '');
  try {
    const [statement, ...more] = parseSync(text).stmts ?? [];
    const tree = (statement?.stmt ?? {}) as Tree;
    if (more.length > 0 || !('SelectStmt' in tree)) return null;
    const walker = new TreeWalker(fromUtf8Offsets(text));
    walker.visit('SelectStmt', tree.SelectStmt);
    const { functions } = walker.collector.facts('select');
    return functions.every(({ safe, name }) => safe || accounts.has(name)) ? { text, tree } : null;
  } catch (error) {
    // libpg_query's own errors carry SQL details; a walk over something unknown ends with Refused
    if (error instanceof Refused || error instanceof Error) return null;
    throw error;
  }
}
