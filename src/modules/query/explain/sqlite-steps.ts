import type { PlanStep } from './plan-node';

type Words = Pick<PlanStep, 'operation' | 'native'>;
type Table = readonly (readonly [RegExp, PlanStep['operation'], string])[];

/** What is done with the rows that were read before. What stands behind these words in a line is not taken. */
const afterwards: Table = [
  [/^USE TEMP B-TREE FOR GROUP BY/, 'aggregate', 'USE TEMP B-TREE FOR GROUP BY'],
  [/^USE TEMP B-TREE FOR DISTINCT/, 'distinct', 'USE TEMP B-TREE FOR DISTINCT'],
  [/^USE TEMP B-TREE FOR .*ORDER BY$/, 'sort', 'USE TEMP B-TREE FOR ORDER BY'],
  [/^USE TEMP B-TREE FOR /, 'materialize', 'USE TEMP B-TREE'],
];

/** What has its parts as children of its own. */
const compounds: Table = [
  [/^COMPOUND QUERY$/, 'union', 'COMPOUND QUERY'],
  [/^MERGE \(UNION ALL\)$/, 'union', 'MERGE (UNION ALL)'],
  [/^MERGE \(UNION\)$/, 'union', 'MERGE (UNION)'],
  [/^MERGE \(INTERSECT\)$/, 'set_operation', 'MERGE (INTERSECT)'],
  [/^MERGE \(EXCEPT\)$/, 'set_operation', 'MERGE (EXCEPT)'],
  [/^MULTI-INDEX OR$/, 'index_merge', 'MULTI-INDEX OR'],
];

/** What is computed beside the rows that a query reads. */
const asides: Table = [
  [/^MATERIALIZE /, 'materialize', 'MATERIALIZE'],
  [/^CO-ROUTINE /, 'materialize', 'CO-ROUTINE'],
  [/^UNION USING TEMP B-TREE$/, 'subquery', 'UNION USING TEMP B-TREE'],
  [/^INTERSECT USING TEMP B-TREE$/, 'subquery', 'INTERSECT USING TEMP B-TREE'],
  [/^EXCEPT USING TEMP B-TREE$/, 'subquery', 'EXCEPT USING TEMP B-TREE'],
  [/^SETUP$/, 'subquery', 'SETUP'],
  [/^RECURSIVE STEP$/, 'subquery', 'RECURSIVE STEP'],
  [/^CORRELATED SCALAR SUBQUERY /, 'subquery', 'CORRELATED SCALAR SUBQUERY'],
  [/^SCALAR SUBQUERY /, 'subquery', 'SCALAR SUBQUERY'],
  [/^CORRELATED LIST SUBQUERY /, 'subquery', 'CORRELATED LIST SUBQUERY'],
  [/^(?:REUSE )?LIST SUBQUERY /, 'subquery', 'LIST SUBQUERY'],
  [/^BLOOM FILTER ON /, 'other', 'BLOOM FILTER'],
  [/^RIGHT-JOIN /, 'other', 'RIGHT-JOIN'],
];

/** A part of a compound, which says nothing but that. */
export function isPart(detail: string): boolean {
  return /^(?:LEFT|RIGHT|LEFT-MOST SUBQUERY|UNION ALL|INDEX \d+)$/.test(detail);
}

export const afterwardsOf = (detail: string): Words | null => wordsOf(afterwards, detail);
export const compoundOf = (detail: string): Words | null => wordsOf(compounds, detail);
/** Of a line that is not known only the first word is taken: names may follow. */
export const asideOf = (detail: string): Words =>
  wordsOf(asides, detail) ?? {
    operation: 'other',
    native: /^[A-Z][A-Z-]{1,30}(?= |$)/.exec(detail)?.[0] ?? 'unknown',
  };

function wordsOf(table: Table, detail: string): Words | null {
  const [, operation, native] = table.find(([pattern]) => pattern.test(detail)) ?? [];
  return operation === undefined || native === undefined ? null : { operation, native };
}
