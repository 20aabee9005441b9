import { analyse } from '../analyse';
import type { ColumnAt, MergePlan } from './merge-plan';
import { planMerge } from './plan-merge';

const at = (column: ColumnAt): string => ('item' in column ? `#${column.item + 1}` : `+${column.added}`);

/** A plan in words, and what each part is asked without the columns that say how texts are compared. */
const words = ({ text, grouping, distinct, order, limit, offset }: MergePlan): unknown[] => [
  text.replaceAll(
    /, (CONCAT_WS\(':', COLLATION|COLLATION FOR).*?(?= FROM |, (?!CON|COLL|HEX|LEFT|' '|0))/g,
    '',
  ),
  ...(grouping
    ? [
        `by ${grouping.keys.map((key) => at(key.at)).join(' ') || 'nothing'}`,
        ...grouping.folds.map((one) => {
          const more = one.fold === 'avg' ? ` of +${one.sum} +${one.count}` : '';
          return `${one.fold} ${at(one.at)}${more}`;
        }),
      ]
    : []),
  ...(distinct ? [`distinct ${distinct.map((key) => at(key.at)).join(' ')}`] : []),
  ...order.map(
    (key) => `${at(key.at)} ${key.descending ? 'desc' : 'asc'} ${key.nullsFirst ? 'first' : 'last'}`,
  ),
  ...(limit === null && offset === 0 ? [] : [`${limit} from ${offset}`]),
];

const told = async (dialect: 'mysql' | 'postgresql', text: string): Promise<unknown> => {
  const found = await planMerge(dialect, text);
  return found.ok ? words(found.plan) : found.refusal.code;
};

describe.each(['mysql', 'postgresql'] as const)('planMerge on %s', (dialect) => {
  const nulls = dialect === 'mysql' ? ['first', 'last'] : ['last', 'first'];
  const value = dialect === 'mysql' ? '?' : '$1';
  const quoted = dialect === 'mysql' ? '`b`' : '"b"';

  it.each<[string, unknown[]]>([
    ['SELECT * FROM t', ['SELECT * FROM t']],
    [
      `SELECT a, lower(b) AS c FROM s.t AS x WHERE x.a > ${value} AND b IS NOT NULL`,
      [`SELECT a, lower(b) AS c FROM s.t AS x WHERE x.a > ${value} AND b IS NOT NULL`],
    ],
    ['SELECT a FROM t LIMIT 5', ['SELECT a FROM t LIMIT 5', '5 from 0']],
    ['SELECT a FROM t LIMIT 0', ['SELECT a FROM t LIMIT 0', '0 from 0']],
    ['SELECT a FROM t LIMIT 5 OFFSET 2;', ['SELECT a FROM t LIMIT 7;', '5 from 2']],
    [
      'SELECT a, b FROM t ORDER BY a, b DESC LIMIT 3',
      [
        'SELECT a, b FROM t ORDER BY a, b DESC LIMIT 3',
        `#1 asc ${nulls[0]}`,
        `#2 desc ${nulls[1]}`,
        '3 from 0',
      ],
    ],
    ['SELECT a, b FROM t ORDER BY 2', ['SELECT a, b FROM t ORDER BY 2', `#2 asc ${nulls[0]}`]],
    ['SELECT a FROM t ORDER BY t.a', ['SELECT a FROM t ORDER BY t.a', `#1 asc ${nulls[0]}`]],
    [
      'SELECT a FROM t ORDER BY b',
      [`SELECT a, ${quoted} AS merge_key_0 FROM t ORDER BY b`, `+0 asc ${nulls[0]}`],
    ],
    [
      'SELECT a FROM t ORDER BY a + b',
      ['SELECT a, a + b AS merge_key_0 FROM t ORDER BY a + b', `+0 asc ${nulls[0]}`],
    ],
    ['SELECT a + 1 FROM t ORDER BY a + 1', ['SELECT a + 1 FROM t ORDER BY a + 1', `#1 asc ${nulls[0]}`]],
    ['SELECT DISTINCT a, b FROM t LIMIT 2', ['SELECT DISTINCT a, b FROM t ', 'distinct #1 #2', '2 from 0']],
    [
      'SELECT count(*), sum(a), min(a), max(a) FROM t WHERE a > 1',
      [
        'SELECT count(*), sum(a), min(a), max(a) FROM t WHERE a > 1',
        'by nothing',
        ...['count #1', 'sum #2', 'min #3', 'max #4'],
      ],
    ],
    ['SELECT count(a) AS n FROM t', ['SELECT count(a) AS n FROM t', 'by nothing', 'count #1']],
    [
      'SELECT avg(a) m FROM t',
      [
        'SELECT avg(a) m, sum(a) AS merge_key_0, count(a) AS merge_key_1 FROM t',
        'by nothing',
        'avg #1 of +0 +1',
      ],
    ],
    [
      'SELECT a, count(*) AS n FROM t GROUP BY a ORDER BY n DESC, a LIMIT 3 OFFSET 1',
      [
        'SELECT a, count(*) AS n FROM t GROUP BY a ORDER BY n DESC, a ',
        'by #1',
        'count #2',
        `#2 desc ${nulls[1]}`,
        `#1 asc ${nulls[0]}`,
        '3 from 1',
      ],
    ],
    [
      'SELECT count(*) FROM t GROUP BY b ORDER BY b, count(*)',
      [
        `SELECT count(*), ${quoted} AS merge_key_0 FROM t GROUP BY b ORDER BY b, count(*)`,
        'by +0',
        'count #1',
        `+0 asc ${nulls[0]}`,
        `#1 asc ${nulls[0]}`,
      ],
    ],
    [
      'SELECT lower(a) AS x, max(b) FROM t GROUP BY lower(a)',
      ['SELECT lower(a) AS x, max(b) FROM t GROUP BY lower(a)', 'by #1', 'max #2'],
    ],
    [
      'SELECT lower(a) AS x, max(b) FROM t GROUP BY 1',
      ['SELECT lower(a) AS x, max(b) FROM t GROUP BY 1', 'by #1', 'max #2'],
    ],
    ['SELECT a FROM t GROUP BY a', ['SELECT a FROM t GROUP BY a', 'by #1']],
  ])('merges %s', async (text, expected) => {
    expect(await told(dialect, text)).toEqual(expected);
  });

  it.each([
    'SELECT count(DISTINCT a) FROM t',
    'SELECT sum(a) OVER () FROM t',
    'SELECT row_number() OVER (ORDER BY a) FROM t',
    'SELECT count(*) + 1 FROM t',
    'SELECT a, count(*) FROM t',
    'SELECT a, b, count(*) FROM t GROUP BY a',
    'SELECT * FROM t GROUP BY a',
    'SELECT lower(a), count(*) FROM t GROUP BY a',
    // Whether this groups by the column or by the item depends on what columns there are.
    'SELECT lower(a) AS b, count(*) FROM t GROUP BY b',
    'SELECT a, count(*) FROM t GROUP BY a ORDER BY sum(b)',
    'SELECT a, count(*) FROM t GROUP BY a ORDER BY b',
    'SELECT count(*) FROM t HAVING count(*) > 1',
    'SELECT a, count(*) FROM t GROUP BY a HAVING count(*) > 1',
    'SELECT DISTINCT * FROM t',
    'SELECT DISTINCT a, count(*) FROM t GROUP BY a',
    'SELECT DISTINCT a FROM t ORDER BY b',
    `SELECT a FROM t LIMIT ${value}`,
    `SELECT a FROM t LIMIT 1 OFFSET ${value}`,
    'SELECT b AS a, c AS a FROM t ORDER BY a',
    'SELECT *, lower(b) AS a FROM t ORDER BY a',
    'SELECT a AS b FROM t ORDER BY b + 1',
    'SELECT * FROM t ORDER BY 1',
    'SELECT a FROM t ORDER BY 2',
    'SELECT a FROM t, u',
    'SELECT t.a FROM t JOIN u ON t.a = u.a',
    'SELECT a FROM (SELECT a FROM t LIMIT 1) x',
    'SELECT a FROM t WHERE a = (SELECT max(a) FROM t)',
    'SELECT a FROM t WHERE a IN (SELECT a FROM u)',
    'SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u)',
    'SELECT (SELECT max(a) FROM t) FROM t',
    'SELECT sum((SELECT max(a) FROM t)) FROM t',
    'SELECT a FROM t ORDER BY (SELECT max(a) FROM t)',
    'SELECT a FROM t UNION ALL SELECT a FROM u',
    'WITH x AS (SELECT a FROM t) SELECT a FROM x',
    'SELECT 1',
    'SELECT now() FROM t',
    'SELECT a FROM t WHERE b < now()',
    'SELECT a FROM t WHERE b < CURRENT_TIMESTAMP',
    'SELECT a FROM t GROUP BY a, now()',
    'INSERT INTO t VALUES (1)',
    'UPDATE t SET a = 1',
    'EXPLAIN SELECT a FROM t',
  ])('refuses %s', async (text) => {
    expect(await told(dialect, text)).toBe('shard.not_mergeable');
  });

  it('refuses what the analysis refuses, for its reason', async () => {
    expect(await told(dialect, 'SELEC 1')).toBe('query.syntax');
  });

  it('asks for the order of texts in the words of the engine', async () => {
    const found = await planMerge(dialect, 'SELECT a FROM t ORDER BY a');
    const text = found.ok && found.plan.text;
    expect(text).toContain(dialect === 'mysql' ? 'HEX(WEIGHT_STRING(a))' : 'COLLATION FOR ((a)::text)');
    expect(await analyse(dialect, text || '')).toMatchObject({ ok: true });
  });
});

it.each([
  ['SELECT a FROM t FETCH FIRST 2 ROWS ONLY', ['SELECT a FROM t LIMIT 2', '2 from 0']],
  ['SELECT a FROM t OFFSET 3', ['SELECT a FROM t ', 'null from 3']],
  [
    'SELECT a IS DISTINCT FROM b AS c FROM t ORDER BY d NULLS FIRST',
    ['SELECT a IS DISTINCT FROM b AS c, "d" AS merge_key_0 FROM t ORDER BY d NULLS FIRST', '+0 asc first'],
  ],
  [
    'SELECT a AS limit FROM t WHERE t.offset > $1 ORDER BY a COLLATE "C" DESC',
    [
      'SELECT a AS limit, a COLLATE "C" AS merge_key_0 FROM t WHERE t.offset > $1 ORDER BY a COLLATE "C" DESC',
      '+0 desc first',
    ],
  ],
])('planMerge on PostgreSQL merges %s', async (text, expected) => {
  expect(await told('postgresql', text)).toEqual(expected);
});

it.each([
  'SELECT a FROM t FETCH FIRST 2 ROWS WITH TIES',
  'SELECT sum(a) FILTER (WHERE a > 1) FROM t',
  'SELECT string_agg(a, b) FROM t',
  'SELECT array_agg(a) FROM t',
  'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t',
  'SELECT a FROM ONLY t TABLESAMPLE system (10)',
  'SELECT a FROM t ORDER BY a USING <',
  'SELECT DISTINCT ON (a) a FROM t',
  'SELECT a, count(*) FROM t GROUP BY ROLLUP (a)',
  'SELECT a, count(*) FROM t GROUP BY GROUPING SETS ((a), ())',
  'SELECT a, count(*) FROM t GROUP BY DISTINCT a',
  '(SELECT a FROM t) LIMIT 1',
])('planMerge on PostgreSQL refuses %s', async (text) => {
  expect(await told('postgresql', text)).not.toEqual(expect.any(Array));
});

it('planMerge on MySQL merges a LIMIT with a comma', async () => {
  expect(await told('mysql', 'SELECT a FROM t LIMIT 1, 2')).toEqual(['SELECT a FROM t LIMIT 3', '2 from 1']);
});

it.each([
  'SELECT group_concat(a) FROM t',
  'SELECT a FROM t WHERE rownum() < 3',
  'SELECT a, count(*) FROM t GROUP BY a WITH ROLLUP',
  'SELECT avg(a + ?) FROM t',
  'SELECT a + ? AS x FROM t ORDER BY x',
  'SELECT a FROM t FOR UPDATE',
  'SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 1',
])('planMerge on MySQL refuses %s', async (text) => {
  expect(await told('mysql', text)).not.toEqual(expect.any(Array));
});
