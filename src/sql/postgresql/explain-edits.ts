import { listOf, type Tree } from '../json-tree';
import type { PlannedEdit } from '../policy/planned-edits';
import { refuse } from '../refused';
import type { TokenList } from './tokens';
import { unwrap } from './tree';

/**
 * A plan over protected tables tells neither costs nor row counts, which estimate the values of hidden rows, nor output
 * lists, and the statement is not run for it: counting what a filter removed would tell of hidden rows.
 */
export function explainEdits(explain: Tree, tokens: TokenList): PlannedEdit[] {
  for (const option of listOf(explain.options)) {
    const name = String(unwrap(option)?.node.defname);
    if (
      name === 'analyze' ||
      name === 'buffers' ||
      name === 'memory' ||
      name === 'serialize' ||
      name === 'wal'
    )
      refuse('policy.unsupported', `EXPLAIN ${name.toUpperCase()} cannot be used on tables with policies`, {
        construct: `EXPLAIN (${name.toUpperCase()})`,
      });
  }
  const quiet = 'COSTS OFF, VERBOSE OFF';
  if (tokens.text(1) === '(') {
    const close = tokens.all[tokens.scanTo(2, (text) => text === ')')]!;
    return [{ start: close.start, end: close.start, text: () => `, ${quiet}`, holds: false }];
  }
  // EXPLAIN [ANALYZE] [VERBOSE] statement
  const last = tokens.text(1) === 'verbose' ? 1 : 0;
  const { end } = tokens.all[0]!;
  return [{ start: end, end: tokens.all[last]!.end, text: () => ` (${quiet})`, holds: false }];
}
