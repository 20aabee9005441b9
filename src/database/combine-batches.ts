import { createHash } from 'node:crypto';
import type { BatchStatement, BatchWrite } from './batch-statement';

export interface CombinedStatement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[][];
}

/**
 * Folds writes and checks into one statement of common table expressions: one round trip, one transaction without
 * BEGIN and COMMIT. The answer has a row `(part, key)` for every check that holds.
 */
export function combineBatches(
  writes: readonly BatchWrite[],
  checks: readonly BatchWrite[],
): CombinedStatement {
  const groups = new Map<BatchStatement<never>, unknown[]>();
  const checked = new Set(checks.map(({ statement }) => statement));
  for (const { statement, row } of [...writes, ...checks]) {
    const rows = groups.get(statement);
    if (rows) rows.push(row);
    else groups.set(statement, [row]);
  }
  const values: unknown[][] = [];
  const parts: string[] = [];
  const answers: string[] = [];
  for (const [statement, rows] of groups) {
    const offset = values.length;
    parts.push(
      `${statement.name} AS (${statement.sql.replace(/\$(\d+)/g, (_, n: string) => `$${Number(n) + offset}`)})`,
    );
    if (checked.has(statement))
      answers.push(`SELECT '${statement.name}' AS part, key FROM ${statement.name}`);
    for (const column of statement.columns) values.push(rows.map((row) => column(row as never) ?? null));
  }
  return {
    name: nameOf([...groups.keys()].map(({ name }) => name).join('+')),
    text: `WITH ${parts.join(', ')} ${answers.length > 0 ? answers.join(' UNION ALL ') : 'SELECT NULL AS part, NULL AS key WHERE false'}`,
    values,
  };
}

/** Names of prepared statements are identifiers: 63 bytes (NAMEDATALEN), and a longer one would be cut, not refused. */
function nameOf(parts: string): string {
  return `batch_${createHash('sha256').update(parts).digest('hex').slice(0, 32)}`;
}
