import type { PlanStep } from './plan-node';
import { readPostgresqlPlan } from './read-postgresql-plan';
import recorded from './recorded-plans.json';

/** Answers of PostgreSQL 18 to `EXPLAIN (FORMAT JSON, VERBOSE)`. */
const plans: Readonly<Record<string, unknown>> = recorded.postgresql;

function outline({ operation, relation, index, children }: PlanStep): string {
  const read = [operation, relation?.name, index].filter((one) => one !== undefined).join(' ');
  return children.length === 0 ? read : `${read}(${children.map(outline).join(', ')})`;
}

const read = (statement: string): PlanStep | null => readPostgresqlPlan(JSON.stringify(plans[statement]));

const joined = `SELECT p.name, count(*) FROM people p LEFT JOIN numbers n ON n.n = p.id AND n.n > 4 WHERE p.name <> 'canary' GROUP BY p.name ORDER BY 2 LIMIT 3`;

describe('reading a plan of PostgreSQL', () => {
  it.each([
    [joined, 'limit(sort(aggregate(full_scan people)))'],
    ['SELECT n FROM numbers WHERE n = 17', 'index_only_scan numbers numbers_pkey'],
    [
      'SELECT name FROM people UNION SELECT email FROM people',
      'aggregate(union(full_scan people, full_scan people))',
    ],
    [
      `SELECT DISTINCT p.name FROM people p WHERE p.id IN (SELECT s.id FROM secrets s WHERE s.value = 'canary')`,
      'distinct(sort(nested_loop(full_scan secrets, full_scan people)))',
    ],
    [
      'SELECT (SELECT max(value) FROM secrets) AS m, p.name FROM people p WHERE EXISTS (SELECT 1 FROM numbers n WHERE n.n = p.id)',
      'merge_join(index_only_scan numbers numbers_pkey, sort(full_scan people), subquery(aggregate(full_scan secrets)))',
    ],
    [
      'WITH t AS (SELECT name, count(*) AS c FROM people GROUP BY name) SELECT a.name FROM t a JOIN t b ON a.c = b.c',
      'hash_join(subquery, materialize(subquery), subquery(aggregate(full_scan people)))',
    ],
    ['SELECT name, row_number() OVER (ORDER BY name) FROM people', 'window(sort(full_scan people))'],
    [
      'SELECT x FROM marks WHERE a = 1 OR b = 2',
      'index_scan marks(index_merge(index_scan marks marks_a, index_scan marks marks_b))',
    ],
    [`UPDATE people SET name = 'canary' WHERE id = 1`, 'write people(full_scan people)'],
  ])('has the steps of %s', (statement, expected) => {
    const root = read(statement);
    expect(root && outline(root)).toBe(expected);
    expect(JSON.stringify(root)).not.toContain('canary');
  });

  it('takes names, estimates and whether there is a condition, and nothing that holds an expression', () => {
    expect(read(`UPDATE people SET name = 'canary' WHERE id = 1`)).toEqual({
      operation: 'write',
      native: 'ModifyTable, Update',
      relation: { schema: 'public', name: 'people' },
      alias: 'people',
      index: undefined,
      join: undefined,
      rows: expect.any(Number),
      cost: expect.any(Number),
      conditional: false,
      children: [expect.objectContaining({ native: 'Seq Scan', conditional: true, children: [] })],
    });
  });

  it('keeps what it does not know as other, and no word that is none of the server', () => {
    const plan = (type: string): string => JSON.stringify([{ Plan: { 'Node Type': type } }]);
    expect(readPostgresqlPlan(plan('Shuffle Scan'))).toMatchObject({
      operation: 'other',
      native: 'Shuffle Scan',
    });
    expect(readPostgresqlPlan(plan("'4711'"))).toMatchObject({ operation: 'other', native: 'unknown' });
    expect(readPostgresqlPlan('[]')).toBeNull();
  });
});
