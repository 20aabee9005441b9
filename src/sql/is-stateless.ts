import type { StatementFacts } from './facts';

const kinds: ReadonlySet<string> = new Set(['select', 'values', 'table']);

/** Whether a statement only reads and calls nothing but safe built-ins: it leaves no state in its session. */
export function isStateless({ kind, access, functions }: StatementFacts): boolean {
  return access === 'read' && kinds.has(kind) && functions.every(({ safe }) => safe);
}
