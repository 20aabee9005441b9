import { planMerge } from './plan-merge';

const told = async (dialect: 'mysql' | 'postgresql', text: string): Promise<unknown> => {
  const found = await planMerge(dialect, text);
  if (!found.ok) return found.refusal.code;
  const { folds, order, limit } = found.plan;
  return [
    folds ?? 'rows',
    ...order.map(
      (key) => `${key.column} ${key.descending ? 'desc' : 'asc'} ${key.nullsFirst ? 'first' : 'last'}`,
    ),
    ...(limit === null ? [] : [limit]),
  ];
};

describe.each(['mysql', 'postgresql'] as const)('planMerge on %s', (dialect) => {
  const nulls = dialect === 'mysql' ? ['first', 'last'] : ['last', 'first'];
  const value = dialect === 'mysql' ? '?' : '$1';

  it.each<[string, unknown]>([
    ['SELECT * FROM t', ['rows']],
    [`SELECT a, lower(b) AS c FROM s.t AS x WHERE x.a > ${value} AND b IS NOT NULL`, ['rows']],
    ['SELECT a FROM t LIMIT 5', ['rows', 5]],
    ['SELECT a FROM t LIMIT 0', ['rows', 0]],
    ['SELECT a, b FROM t ORDER BY a, b DESC LIMIT 3', ['rows', `a asc ${nulls[0]}`, `b desc ${nulls[1]}`, 3]],
    ['SELECT count(*), sum(a), min(a), max(a) FROM t WHERE a > 1', [['count', 'sum', 'min', 'max']]],
    ['SELECT count(a) AS n FROM t', [['count']]],
  ])('merges %s', async (text, expected) => {
    expect(await told(dialect, text)).toEqual(expected);
  });

  it.each([
    'SELECT avg(a) FROM t',
    'SELECT count(DISTINCT a) FROM t',
    'SELECT sum(a) OVER () FROM t',
    'SELECT row_number() OVER (ORDER BY a) FROM t',
    'SELECT count(*) + 1 FROM t',
    'SELECT a, count(*) FROM t',
    'SELECT a, count(*) FROM t GROUP BY a',
    'SELECT count(*) FROM t HAVING count(*) > 1',
    'SELECT count(*) FROM t LIMIT 1',
    'SELECT max(a) FROM t ORDER BY 1',
    'SELECT DISTINCT a FROM t',
    'SELECT a FROM t LIMIT 5 OFFSET 2',
    `SELECT a FROM t LIMIT ${value}`,
    'SELECT a FROM t ORDER BY a + 1',
    'SELECT a FROM t ORDER BY t.a',
    'SELECT a FROM t ORDER BY 1',
    'SELECT a FROM t, u',
    'SELECT t.a FROM t JOIN u ON t.a = u.a',
    'SELECT a FROM (SELECT a FROM t LIMIT 1) x',
    'SELECT a FROM t WHERE a = (SELECT max(a) FROM t)',
    'SELECT a FROM t WHERE a IN (SELECT a FROM u)',
    'SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u)',
    'SELECT (SELECT max(a) FROM t) FROM t',
    'SELECT sum((SELECT max(a) FROM t)) FROM t',
    'SELECT a FROM t UNION ALL SELECT a FROM u',
    'WITH x AS (SELECT a FROM t) SELECT a FROM x',
    'SELECT 1',
    'SELECT now() FROM t',
    'SELECT a FROM t WHERE b < now()',
    'INSERT INTO t VALUES (1)',
    'UPDATE t SET a = 1',
    'EXPLAIN SELECT a FROM t',
  ])('refuses %s', async (text) => {
    expect(await told(dialect, text)).toBe('shard.not_mergeable');
  });

  it('refuses what the analysis refuses, for its reason', async () => {
    expect(await told(dialect, 'SELEC 1')).toBe('query.syntax');
  });
});

it.each([
  'SELECT a FROM t FETCH FIRST 2 ROWS WITH TIES',
  'SELECT sum(a) FILTER (WHERE a > 1) FROM t',
  'SELECT string_agg(a, b) FROM t',
  'SELECT a FROM ONLY t TABLESAMPLE system (10)',
  'SELECT a FROM t ORDER BY a USING <',
  'SELECT DISTINCT ON (a) a FROM t',
])('planMerge on PostgreSQL refuses %s', async (text) => {
  expect(await told('postgresql', text)).not.toEqual(expect.any(Array));
});

it.each([
  'SELECT group_concat(a) FROM t',
  'SELECT a FROM t LIMIT 1, 2',
  'SELECT a FROM t WHERE rownum() < 3',
])('planMerge on MySQL refuses %s', async (text) => {
  expect(await told('mysql', text)).not.toEqual(expect.any(Array));
});
