import { analyse } from '../analyse';
import { describeAnalysis } from '../describe-analysis';

const describePostgresql = async (text: string): Promise<string> =>
  describeAnalysis(await analyse('postgresql', text));

describe('the relations of a PostgreSQL statement', () => {
  it.each([
    ['select 1', 'select read'],
    ['select 1;', 'select read'],
    ['select 1 ; -- the end', 'select read'],
    ['select * from t', 'select read t'],
    ['select * from only s.t as x, u', 'select read s.t u'],
    ['SELECT * FROM Orders', 'select read orders'],
    ['select * from "Orders", "a""b", "s.t"."u"', 'select read Orders a"b s.t.u'],
    ['select * from U&"sec\\0072et"', 'select read secret'],
    ['table t', 'select read t'],
    ['values (1), (2)', 'values read'],
    ['select * from t union table u except (select * from v)', 'select read t u v'],
    ['select (select a from u), array(select 1 from v) from t', 'select read u v t'],
    ['select * from t where exists (select from u) and a in (select b from v)', 'select read t u v'],
    ['select * from t order by (select 1 from u) limit (select 2 from v)', 'select read t u v'],
    ['select * from t, lateral (select * from u where u.a = t.a) x', 'select read t u'],
    ['select * from (t join u using (a)) cross join v', 'select read t u v'],
    ['select count(*) filter (where exists (select 1 from u)) from t', 'select read u t'],
    ['select sum(a) over (order by (select 1 from u)) from t', 'select read u t'],
    [
      'select * from t group by rollup (a, (select 1 from u)) having (select true from v)',
      'select read t u v',
    ],
    ["select * from json_table((select x from u), '$' columns (a int path '$.a')) j", 'select read u'],
    ["select * from xmltable('/r' passing (select x from u) columns a int path 'a')", 'select read u'],
    ['select json_array(select a from u), json_object(k: (select 1 from v))', 'select read u v'],
    ['select json_objectagg(k: (select 1 from u)), json_arrayagg(a) from t', 'select read u t'],
    ['select * from t tablesample system (1) repeatable (2)', 'select read t'],
    ['select case when a then (select 1 from u) else (select 2 from v) end from t', 'select read u v t'],
    ["select 'select * from x', $$ from y $$, $q$ $$ from z $q$ from t", 'select read t'],
    ["select E'it\\'s from x' from t -- from u\n /* from v /* from w */ */", 'select read t'],
    ['select a.b.c, t.* from a.b', 'select read a.b'],
    ['select (row(1, 2)).f1, (t.x).city from t', 'select read t'],
    ['explain select * from t', 'explain read t'],
    ['explain (analyze, buffers, format json) select * from t', 'explain read t'],
    ['explain (analyze off) delete from t', 'explain write t:write'],
  ])('%s', async (text, expected) => {
    expect(await describePostgresql(text)).toBe(expected);
  });

  it('says where each name stands, in UTF-16 units', async () => {
    const text = 'select \'é😀\', count(*) from s.t, "ü" where a = $1';
    const analysis = await analyse('postgresql', text);
    const facts = analysis.ok ? analysis.facts : null;
    expect(facts?.relations.map(({ position }) => text.slice(position ?? 0, (position ?? 0) + 3))).toEqual([
      's.t',
      '"ü"',
    ]);
    expect(facts?.functions.map(({ position }) => position)).toEqual([text.indexOf('count')]);
  });
});

describe('WITH in PostgreSQL', () => {
  it.each([
    ['with t as (select 1) select * from t', 'select read'],
    ['with t as (select * from t) select * from t', 'select read t'],
    ['with t as materialized (select * from u) select * from t', 'select read u'],
    ['with recursive t as (select 1 union select * from t) select * from t', 'select read'],
    ['with a as (select * from b), b as (select 1) select * from a', 'select read b'],
    ['with recursive a as (select * from b), b as (select 1) select * from a', 'select read'],
    ['with a as (select 1), b as (select * from a) select * from b', 'select read'],
    ['with t as (select 1) select * from public.t, t', 'select read public.t'],
    [
      'with t as (select 1) select * from (select * from t) x, (with u as (select 2) select * from t, u) y',
      'select read',
    ],
    ['select * from (with t as (select 1) select * from t) x, t', 'select read t'],
    ['with t as (select 1) select * from (with t as (select * from t) select * from t) x', 'select read'],
    ['(with t as (select 1) select * from t) union select * from t', 'select read t'],
    ['with t as (select 1) select 1 union select * from t', 'select read'],
    ['with "T" as (select 1) select * from t', 'select read t'],
    ['with t as (select 1) select (select count(*) from t), exists (select from t) from u', 'select read u'],
    ['with t as (select 1) insert into t select * from t', 'insert write t:write'],
    ['insert into t with t as (select 1) select * from t', 'insert write t:write'],
    ['with t as (select 1) delete from t using t as u', 'delete write t:write'],
    ['with d as (delete from t returning *) select * from d', 'select write t:write'],
    [
      'with recursive s(n) as (select 1 union all select n + 1 from s) search depth first by n set o cycle n set c using p select * from s',
      'select read',
    ],
  ])('%s', async (text, expected) => {
    expect(await describePostgresql(text)).toBe(expected);
  });
});

describe('writes in PostgreSQL', () => {
  it.each([
    ['insert into s.t (a) values ($1), (default) returning *', 'insert write s.t:write $1'],
    [
      'insert into t select * from u on conflict (a) do update set a = (select 1 from v)',
      'insert write t:write u v',
    ],
    ['update t set a = u.a from u where t.id = u.id', 'update write t:write u'],
    ['update t set (a, b) = (select 1, 2 from u)', 'update write t:write u'],
    ['delete from t where id in (select id from u)', 'delete write t:write u'],
    [
      'merge into t using u on t.a = u.a when matched then delete when not matched then insert values ((select 1 from v)) returning merge_action()',
      'merge write t:write u v',
    ],
    ['update t set a = 1 returning with (old as o, new as n) o.a, n.a', 'update write t:write'],
  ])('%s', async (text, expected) => {
    expect(await describePostgresql(text)).toBe(expected);
  });
});

describe('functions of PostgreSQL that are not safe', () => {
  it.each([
    ["select lower('A'), now(), gen_random_uuid(), extract(year from now()), count(*)", ''],
    ["select pg_catalog.lower('A'), 'a' operator(pg_catalog.||) 'b'", ''],
    ["select public.lower('A')", 'public.lower!'],
    ['select pg_sleep(1)', 'pg_sleep!'],
    ['select pg_catalog.pg_sleep(1)', 'pg_catalog.pg_sleep!'],
    ['select "pg_sleep"(1)', 'pg_sleep!'],
    // Functional notation (manual 8.16.5): an attribute may be a call.
    ['select (x).pg_sleep from (select 1.0::float8 as x) q', 'pg_sleep!'],
    ["select (f).pg_read_file from (select '/etc/passwd'::text as f) q", 'pg_read_file!'],
    ['select q.pg_sleep from (select 1) q', 'pg_sleep!'],
    ["select query_to_xml('select * from secret', true, true, '')", 'query_to_xml!'],
    ["select * from ts_stat('select v from secret')", 'ts_stat!'],
    ["select ts_rewrite('a'::tsquery, 'select 1')", 'ts_rewrite!'],
    ["select set_config('a.b', 'c', false), current_setting('a.b')", 'set_config! current_setting!'],
    ["select pg_read_file('x'), lo_import('y'), pg_ls_dir('z')", 'pg_read_file! lo_import! pg_ls_dir!'],
    [
      "select nextval('s'), currval('s'), pg_notify('a', 'b'), pg_advisory_lock(1)",
      'nextval! currval! pg_notify! pg_advisory_lock!',
    ],
    [
      "select 'secret'::regclass, cast('a' as pg_catalog.regrole), 'x'::regclass[], '{x}'::_regclass",
      'regclass! pg_catalog.regrole! regclass! _regclass!',
    ],
    [
      "select to_regclass('secret'), has_table_privilege('secret', 'select'), pg_relation_size('secret')",
      'to_regclass! has_table_privilege! pg_relation_size!',
    ],
    [
      "select 'postgres=r/postgres'::aclitem, null::secret, 'x'::public.mood",
      'aclitem! secret! public.mood!',
    ],
    [
      'select current_user, session_user, current_role, user',
      'current_user! session_user! current_role! user!',
    ],
    ['select current_date, current_timestamp(3), localtime, current_schema, current_catalog, version()', ''],
    [
      'select a operator(public.=) b, c <=> d from (select 1) x order by c using operator(s.<)',
      'public.=! <=>! s.<!',
    ],
    ['select 1 = any (select 2), a <#># any (select 3) from (select 1 as a) x', '<#>#!'],
    ["select * from dblink('a', 'b') as t(a int)", 'dblink!'],
    ['select * from rows from (generate_series(1, 2), f(3)) as x', 'f!'],
    ['select x from (select 1) t tablesample evil(1)', 'query.syntax'],
    ['select * from t tablesample evil(1)', 't evil!'],
    [
      "select json_value('{}', '$.a' returning regclass), xmlserialize(content '' as secret)",
      'regclass! secret!',
    ],
    [
      "select a::int, a::numeric(10,2)[], a::varchar(3), a::timestamptz, a::jsonb, a::uuid from (select '1' as a) x",
      '',
    ],
  ])('%s', async (text, expected) => {
    const found = (await describePostgresql(text)).replace(/^select read ?/, '');
    expect(found).toBe(expected);
  });
});

describe('what PostgreSQL statements are refused', () => {
  it.each([
    ['', 'query.empty'],
    [' \n\t', 'query.empty'],
    [';', 'query.empty'],
    ['-- only this\n/* and that */ ;;', 'query.empty'],
    ['select 1; select 2', 'query.multiple_statements'],
    ['select 1; drop table t', 'query.multiple_statements'],
    ['selec 1', 'query.syntax'],
    ["select 'a", 'query.syntax'],
    ['select 1 from', 'query.syntax'],
    ['select 1\0', 'query.invalid_text NUL'],
    ['select \ud800', 'query.invalid_text lone surrogate'],
    [`select '${'a'.repeat(70_000)}'`, 'query.too_long'],
    ['select * into x from t', 'query.read_only SELECT INTO'],
    ['select 1 into temp x union select 2', 'query.read_only SELECT INTO'],
    ['select * from t for update', 'query.read_only FOR UPDATE/SHARE'],
    ['select * from (select * from t for key share) x', 'query.read_only FOR UPDATE/SHARE'],
    ['explain analyze delete from t', 'query.read_only EXPLAIN ANALYZE'],
    [
      'explain (analyze 1) with d as (delete from t returning 1) select * from d',
      'query.read_only EXPLAIN ANALYZE',
    ],
    ['explain (settings) select 1', 'query.unsupported EXPLAIN (SETTINGS)'],
    ['explain execute p', 'query.unsupported EXECUTE'],
    ['explain create table x as select 1', 'query.read_only CREATE TABLE AS'],
    ['do $$ begin end $$', 'query.read_only DO'],
    ['call p()', 'query.read_only CALL'],
    ['copy t to stdout', 'query.read_only COPY'],
    ["copy (select 1) to program 'sh'", 'query.read_only COPY'],
    ['grant select on t to u', 'query.read_only GRANT'],
    ['alter system set a = 1', 'query.read_only ALTER SYSTEM'],
    ['vacuum t', 'query.read_only VACUUM'],
    ['lock table t', 'query.read_only LOCK TABLE'],
    ['refresh materialized view v', 'query.read_only REFRESH MATERIALIZED VIEW'],
    ['set role postgres', 'query.unsupported SET'],
    ['reset all', 'query.unsupported SET'],
    ['show all', 'query.unsupported SHOW'],
    ['begin', 'query.unsupported transaction control'],
    ['commit', 'query.unsupported transaction control'],
    ['prepare p as select 1', 'query.unsupported PREPARE'],
    ['execute p', 'query.unsupported EXECUTE'],
    ['declare c cursor for select 1', 'query.unsupported DECLARE CURSOR'],
    ['fetch c', 'query.unsupported FETCH'],
    ['listen a', 'query.unsupported LISTEN'],
    ['notify a', 'query.unsupported NOTIFY'],
    ['discard all', 'query.unsupported DISCARD'],
    ["load 'x'", 'query.unsupported LOAD'],
    ['update t set a = 1 where current of c', 'query.unsupported WHERE CURRENT OF'],
    ['select * from db.s.t', 'query.unsupported database.schema.table'],
    ['select $0', 'query.unsupported $0'],
    ['select $65536', 'query.unsupported $65536'],
  ])('%j', async (text, expected) => {
    expect(await describePostgresql(text)).toBe(expected);
  });

  it('gives the position of a syntax error in UTF-16 units and keeps the parser out of it', async () => {
    const text = "select '😀é', from t";
    const analysis = await analyse('postgresql', text);
    expect(analysis).toEqual({
      ok: false,
      refusal: {
        code: 'query.syntax',
        detail: 'syntax error at or near "from"',
        position: text.indexOf('from'),
      },
    });
  });

  it('does not repeat the rest of the statement in a message', async () => {
    const analysis = await analyse('postgresql', `select 'a${'x'.repeat(500)}`);
    expect(analysis).toEqual({
      ok: false,
      refusal: { code: 'query.syntax', detail: 'unterminated quoted string', position: 7 },
    });
  });
});

describe('large PostgreSQL statements', () => {
  const chain = (count: number, part: string): string => part.repeat(count);

  it.each([
    ['a long list', `select * from t where a in (${chain(15_000, '1,')}1)`],
    ['many alternatives', `select * from t where ${chain(2_000, 'a = 1 or ')} false`],
    ['many rows', `select * from t, (values (-1, 2)${chain(3_000, ', (-3, 4)')}) v`],
    ['many columns', `select ${chain(3_000, 'a + 1, ')} 1 from t`],
    ['a long string', `select '${chain(60_000, 'x')}' from t`],
    ['parentheses', `select ${chain(400, '(')}1${chain(400, ')')} from t`],
  ])('accepts %s', async (_name, text) => {
    expect(await describePostgresql(text)).toBe('select read t');
  });

  it.each([
    ['additions', `select ${chain(20_000, '1+')}1`],
    ['negations', `select ${chain(8_000, 'not ')}true`],
    ['casts', `select 1${chain(8_000, '::int')}`],
    ['subscripts', `select a${chain(8_000, '[1]')}`, 'select read'],
    ['subqueries', `select ${chain(6_000, '(select ')}1${chain(6_000, ')')}`],
    ['unions', `select 1${chain(4_000, ' union select 1')}`],
    ['joins', `select 1 from t${chain(4_000, ' join t on 1')}`],
    ['cases', `select ${chain(2_000, 'case when ')}true${chain(2_000, ' then 1 end')}`],
    ['empty comments', `select 1${chain(16_000, '/**/')}`],
    ['comments in a comment', `select 1 ${chain(15_000, '/*')}${chain(15_000, '*/')}`],
    ['columns', `update t set (${chain(9_000, 'a,')}a) /* */ = (select ${chain(9_000, 'b,')}b)`],
    ['arrays', `select ${chain(4_000, 'array[')}${chain(4_000, ']')}`],
  ])(
    'refuses a tower of %s before the parser breaks',
    async (_name, text, expected = 'query.too_complex') => {
      expect(await describePostgresql(text)).toBe(expected);
      expect(await describePostgresql('select a from t')).toBe('select read t');
    },
  );
});
