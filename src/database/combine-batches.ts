import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { addToGroup } from '../common/add-to-group';
import { arrayLiteral, type ArrayElement } from './array-literal';
import type { BatchCheck, BatchQuestion, BatchStatement, BatchWrite } from './batch-statement';

export interface CombinedStatement {
  readonly name: string;
  readonly text: string;
  /** Array literals, one a column. */
  readonly values: string[];
}

/** Texts by the statements in them, in order: there are some dozens of combinations. */
const texts = new LRUCache<string, Pick<CombinedStatement, 'name' | 'text'>>({ max: 500 });

/**
 * Folds writes, checks and questions into one statement of common table expressions: one round trip, one transaction without
 * BEGIN and COMMIT. The answer has a row `(part, key)` for every check that holds and every question.
 */
export function combineBatches(
  writes: readonly BatchWrite[],
  reads: readonly (BatchCheck | BatchQuestion)[],
): CombinedStatement {
  const groups = new Map<BatchStatement<never>, unknown[]>();
  const checked = new Set<BatchStatement<never>>();
  for (const { statement, row } of writes) addToGroup(groups, statement, row);
  const asked = new Set<string>();
  for (const read of reads) {
    const { statement, row } = read;
    checked.add(statement);
    // Many requests of a batch ask the same: one session, one connection.
    const question = `${statement.name} ${'asked' in read ? read.asked : read.key}`;
    if (asked.has(question)) continue;
    asked.add(question);
    addToGroup(groups, statement, row);
  }
  // In one order, so that each combination is prepared once.
  const statements = [...groups.keys()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const values: string[] = [];
  for (const statement of statements) {
    const rows = groups.get(statement)!;
    for (const column of statement.columns)
      values.push(arrayLiteral(rows.map((row) => column(row as never) as ArrayElement)));
  }
  return { ...textOf(statements, checked), values };
}

function textOf(
  statements: readonly BatchStatement<never>[],
  checked: ReadonlySet<BatchStatement<never>>,
): Pick<CombinedStatement, 'name' | 'text'> {
  const parts = statements.map((statement) => (checked.has(statement) ? '?' : '') + statement.name).join('+');
  const known = texts.get(parts);
  if (known) return known;
  let offset = 0;
  const expressions: string[] = [];
  for (const { name, sql, columns } of statements) {
    const first = offset;
    expressions.push(`${name} AS (${sql.replace(/\$(\d+)/g, (_, n: string) => `$${Number(n) + first}`)})`);
    offset += columns.length;
  }
  const answers = statements
    .filter((statement) => checked.has(statement))
    .map(({ name }) => `SELECT '${name}' AS part, key FROM ${name}`);
  const answer = answers.join(' UNION ALL ') || 'SELECT NULL AS part, NULL AS key WHERE false';
  const made = { name: nameOf(parts), text: `WITH ${expressions.join(', ')} ${answer}` };
  texts.set(parts, made);
  return made;
}

/** Names of prepared statements are identifiers: 63 bytes (NAMEDATALEN), and a longer one would be cut, not refused. */
function nameOf(parts: string): string {
  return `batch_${createHash('sha256').update(parts).digest('hex').slice(0, 32)}`;
}
