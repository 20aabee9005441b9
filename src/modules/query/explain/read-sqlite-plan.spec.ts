import { writtenTablesSqlite } from '../../../sql/sqlite/written-tables';
import { findTable } from '../../../sql/written-tables';
import type { PlanStep } from './plan-node';
import { readSqlitePlan } from './read-sqlite-plan';
import recorded from './recorded-plans.json';

/** Rows of SQLite 3.53 for `EXPLAIN QUERY PLAN`: id, parent, detail. */
const plans: Readonly<Record<string, readonly (readonly (string | number)[])[]>> = recorded.sqlite;

const relations = ['people', 'numbers', 'secrets', 'marks', 'notes_view'].map((name) => ({
  schema: null,
  name,
}));

function outline({ operation, relation, index, children }: PlanStep): string {
  const read = [operation, relation?.name, index].filter((one) => one !== undefined).join(' ');
  return children.length === 0 ? read : `${read}(${children.map(outline).join(', ')})`;
}

function read(statement: string): PlanStep {
  const rows = plans[statement]!.map(([id, parent, detail]) => ({
    id: Number(id),
    parent: Number(parent),
    detail: String(detail),
  }));
  const written = writtenTablesSqlite(statement);
  return readSqlitePlan(rows, (name) => findTable(written, relations, name));
}

const shapes: Readonly<Record<string, string>> = {
  [`SELECT p.name, count(*) FROM people p LEFT JOIN numbers n ON n.n = p.id AND n.n > 4 WHERE p.name <> 'canary' GROUP BY p.name ORDER BY 2 LIMIT 3`]:
    'sort(aggregate(nested_loop(full_scan people, key_lookup numbers)))',
  'SELECT n FROM numbers WHERE n = 17': 'key_lookup numbers',
  'SELECT name FROM people UNION SELECT email FROM people':
    'union(sort(full_scan people), sort(full_scan people))',
  'SELECT name FROM people UNION ALL SELECT email FROM people': 'union(full_scan people, full_scan people)',
  'SELECT name FROM people INTERSECT SELECT email FROM people':
    'set_operation(sort(full_scan people), sort(full_scan people))',
  [`SELECT DISTINCT p.name FROM people p WHERE p.id IN (SELECT s.id FROM secrets s WHERE s.value = 'canary')`]:
    'distinct(key_lookup people, subquery(full_scan secrets))',
  'SELECT (SELECT max(value) FROM secrets) AS m, p.name FROM people p WHERE EXISTS (SELECT 1 FROM numbers n WHERE n.n = p.id)':
    'nested_loop(full_scan people, key_lookup numbers, subquery(other secrets))',
  'WITH t AS (SELECT name, count(*) AS c FROM people GROUP BY name) SELECT a.name FROM t a JOIN t b ON a.c = b.c':
    'nested_loop(subquery, subquery, materialize(aggregate(full_scan people)), other)',
  'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT r.n FROM r JOIN people ON people.id = r.n':
    'nested_loop(subquery, key_lookup people, materialize(subquery(values), subquery(subquery)))',
  'SELECT 1 AS one': 'values',
  'SELECT name, row_number() OVER (ORDER BY name) FROM people':
    'subquery(materialize(sort(full_scan people)))',
  'SELECT a.name FROM people a, people b WHERE a.email = b.email':
    'nested_loop(full_scan people, index_only_scan people)',
  [`SELECT d.name FROM (SELECT name FROM people ORDER BY name LIMIT 2) d WHERE d.name > 'a'`]:
    'subquery(materialize(sort(full_scan people)))',
  'SELECT max(id) FROM people': 'other people',
  'SELECT name FROM notes_view WHERE id = 3': 'key_lookup people',
  'SELECT x FROM marks WHERE a = 1 OR b = 2':
    'index_merge(index_scan marks marks_a, index_scan marks marks_b)',
  'SELECT x FROM marks WHERE a = 1 ORDER BY x': 'sort(index_scan marks marks_a)',
  'SELECT a FROM marks WHERE a > 1': 'index_only_scan marks marks_a',
  'SELECT a FROM marks ORDER BY a': 'full_index_scan marks marks_a',
  'VALUES (1), (2)': 'values',
  [`DELETE FROM people WHERE name = 'canary'`]: 'full_scan people',
  [`INSERT INTO people (id, name) VALUES (9, 'canary')`]: 'values',
  [`INSERT INTO people (id, name) SELECT n, 'canary' FROM numbers WHERE n > 4990`]: 'index_scan numbers',
};

describe('reading a plan of SQLite', () => {
  it.each(Object.entries(shapes))('has the steps of %s', (statement, expected) => {
    const root = read(statement);
    expect(outline(root)).toBe(expected);
    expect(JSON.stringify(root)).not.toMatch(/=\?|>\?|rowid/);
  });

  it('knows a condition from the statement, which the plan does not tell', () => {
    expect(read(`DELETE FROM people WHERE name = 'canary'`).conditional).toBe(true);
    expect(read('SELECT name FROM people UNION ALL SELECT email FROM people').children).toEqual([
      expect.objectContaining({ native: 'SCAN', conditional: false }),
      expect.objectContaining({ native: 'SCAN', conditional: false }),
    ]);
  });

  it('says where an index is built for the statement alone', () => {
    const root = read('SELECT a.name FROM people a, people b WHERE a.email = b.email');
    expect(root.children[1]).toMatchObject({
      native: 'SEARCH USING AUTOMATIC COVERING INDEX',
      indexIsTemporary: true,
    });
  });

  it('keeps a line it does not know as other, with its first word', () => {
    const lines = ['SCAN people', 'FROBNICATE salaries BY canary'];
    const rows = lines.map((detail, index) => ({ id: index + 1, parent: 0, detail }));
    const root = readSqlitePlan(rows, () => undefined);
    expect(outline(root)).toBe('full_scan people(other)');
    expect(root.children).toEqual([{ operation: 'other', native: 'FROBNICATE', children: [] }]);
  });
});
