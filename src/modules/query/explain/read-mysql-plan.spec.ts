import { closeAnalysis } from '../../../sql/analyse';
import { writtenTablesMysql } from '../../../sql/mysql/written-tables';
import { findTable } from '../../../sql/written-tables';
import type { PlanStep } from './plan-node';
import { readMysqlPlan } from './read-mysql-plan';
import recorded from './recorded-plans.json';

/** Rows of MariaDB 10.11 for EXPLAIN. */
const plans: Readonly<Record<string, readonly (readonly (string | number | null)[])[]>> = recorded.mariadb;
const columns = 'id select_type table type possible_keys key key_len ref rows Extra'.split(' ');

const relations = ['people', 'numbers', 'secrets', 'marks', 'notes_view'].map((name) => ({
  schema: null,
  name,
}));

function outline({ operation, relation, index, children }: PlanStep): string {
  const read = [operation, relation?.name, index].filter((one) => one !== undefined).join(' ');
  return children.length === 0 ? read : `${read}(${children.map(outline).join(', ')})`;
}

async function read(statement: string): Promise<PlanStep> {
  const rows = plans[statement]!.map((row) =>
    Object.fromEntries(columns.map((name, index) => [name, row[index]])),
  );
  const written = await writtenTablesMysql(statement);
  return readMysqlPlan(rows, (name) => findTable(written, relations, name));
}

const shapes: Readonly<Record<string, string>> = {
  [`SELECT p.name, count(*) FROM people p LEFT JOIN numbers n ON n.n = p.id AND n.n > 4 WHERE p.name <> 'canary' GROUP BY p.name ORDER BY 2 LIMIT 3`]:
    'sort(materialize(full_scan people))',
  'SELECT n FROM numbers WHERE n = 17': 'key_lookup numbers PRIMARY',
  'SELECT n FROM numbers WHERE n = 1 OR n = 2': 'index_only_scan numbers PRIMARY',
  'SELECT name FROM people WHERE id = 77777': 'values',
  'SELECT name FROM people UNION SELECT email FROM people': 'union(full_scan people, full_scan people)',
  'SELECT name FROM people UNION ALL SELECT email FROM people': 'union(full_scan people, full_scan people)',
  'SELECT name FROM people INTERSECT SELECT email FROM people':
    'set_operation(full_scan people, full_scan people)',
  [`SELECT DISTINCT p.name FROM people p WHERE p.id IN (SELECT s.id FROM secrets s WHERE s.value = 'canary')`]:
    'materialize(nested_loop(full_scan secrets, key_lookup people PRIMARY))',
  'SELECT (SELECT max(value) FROM secrets) AS m, p.name FROM people p WHERE EXISTS (SELECT 1 FROM numbers n WHERE n.n = p.id)':
    'nested_loop(full_scan people, key_lookup numbers PRIMARY, subquery(full_scan secrets))',
  'WITH t AS (SELECT name, count(*) AS c FROM people GROUP BY name) SELECT a.name FROM t a JOIN t b ON a.c = b.c':
    'nested_loop(subquery(sort(materialize(full_scan people))), subquery(sort(materialize(full_scan people))))',
  'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT r.n FROM r JOIN people ON people.id = r.n':
    'nested_loop(full_index_scan people PRIMARY, subquery(union(values, subquery)))',
  'SELECT 1 AS one': 'values',
  'SELECT a.name FROM people a, people b WHERE a.email = b.email':
    'nested_loop(full_scan people, full_scan people)',
  [`SELECT d.name FROM (SELECT name FROM people ORDER BY name LIMIT 2) d WHERE d.name > 'a'`]:
    'subquery(sort(full_scan people))',
  'SELECT x FROM marks WHERE a = 1 OR b = 2': 'index_merge marks marks_a,marks_b',
  'SELECT x FROM marks WHERE a = 1 ORDER BY x': 'sort(index_scan marks marks_a)',
  'SELECT a FROM marks ORDER BY a': 'full_index_scan marks marks_a',
  [`UPDATE people SET name = 'canary' WHERE id = 1`]: 'index_scan people PRIMARY',
  [`DELETE FROM people WHERE name = 'canary'`]: 'full_scan people',
};

describe('reading a plan of MySQL', () => {
  afterAll(closeAnalysis);

  it.each(Object.entries(shapes))('has the steps of %s', async (statement, expected) => {
    const root = await read(statement);
    expect(outline(root)).toBe(expected);
    expect(JSON.stringify(root)).not.toMatch(/db\.|const tables|key0/);
  });

  it('takes estimates, conditions and the words of the server', async () => {
    expect(await read('SELECT a FROM marks WHERE a > 1')).toEqual({
      operation: 'index_only_scan',
      native: 'range; Using where; Using index',
      relation: { schema: null, name: 'marks' },
      alias: 'marks',
      index: 'marks_a',
      conditional: true,
      rows: 4999,
      children: [],
    });
    expect((await read('SELECT 1 AS one')).native).toBe('No tables used');
  });

  it('knows what MySQL 8 writes otherwise, as its manual shows it', () => {
    const scan = { id: 1, select_type: 'SIMPLE', type: 'ALL', key: null, rows: 3 };
    const rows = [
      { ...scan, table: 't1', Extra: null },
      { ...scan, table: 't2', Extra: 'Using where; Using join buffer (hash join)' },
    ];
    const root = readMysqlPlan(rows, () => undefined);
    expect(outline(root)).toBe('hash_join(full_scan t1, full_scan t2)');
    expect(root.native).toBe('join buffer (hash join)');
  });

  it('keeps what it does not know as other, and no remark that may hold names', () => {
    const row = {
      id: 1,
      select_type: 'SIMPLE',
      table: 'people',
      type: 'telepathy',
      Extra: 'Guessed (salary)',
    };
    expect(readMysqlPlan([row], () => undefined)).toMatchObject({ operation: 'other', native: 'telepathy' });
  });
});
