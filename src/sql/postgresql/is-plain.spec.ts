import { loadModule, parseSync } from 'libpg-query';
import { isPlain } from './is-plain';

describe('isPlain', () => {
  beforeAll(() => loadModule());
  const plain = (text: string): boolean => isPlain(parseSync(text).stmts?.[0]?.stmt);

  it.each([
    'select * from t where a = 1 and b <> $1 or not c',
    "select a / b, f(c), (a::int) from t where a in (1, 2) and b between 1 and 2 and c is null and d like 'x%'",
    'select count(*), max(a) from t group by b having count(*) > 1',
    'select * from t join u on t.a = u.b left join v using (c)',
    'select * from t where exists (select 1 from u where u.a = t.a) and b in (select c from u)',
    "select * from t where a = 'x'::text and b = any (array[1, 2])",
    'with x as (select a, b from t) select a + 1 from x where b > 2',
    'select * from (select a from t union select b from u) x where a = 1 order by a / 2',
    'select 1 / a from t order by 1 / b',
    'update t set a = 1 / b where c = 2',
  ])('%s', (text) => {
    expect(plain(text)).toBe(true);
  });

  it.each([
    'select * from t where 1 / a = 1',
    'select * from t where a::int = 1',
    'select * from t where f(a)',
    'select * from t where a ~ $1',
    'select * from t where a like $1',
    "select * from t where a like '%\\'",
    'select * from t where (select b from u where u.a = t.a) = 1',
    'select * from t join u on 1 / t.a = u.b',
    'select * from (select 1 / a as x from t) s where x > 0',
    'with s as (select 1 / a as x from t) select * from s where x > 0',
    'select * from t where exists (select 1 / t.a)',
    'select * from t group by b having sum(1 / a) > 1',
    'select 1 union select 2 from t where a::int = 1',
    "select * from t where case when a = 1 then 'x'::text else b || 'y' end = 'z'",
    'delete from t where 1 / a = 1',
    'select * from t where a = (b).c',
    'select * from t where a[b] = 1',
    'select * from (values (1 / 0)) v (x) where x > 0',
    'select * from t where not a -> $1 = b',
  ])('not: %s', (text) => {
    expect(plain(text)).toBe(false);
  });
});
