import { analyse, closeAnalysis } from '../analyse';
import { describeAnalysis } from '../describe-analysis';

const describeMysql = async (text: string): Promise<string> => describeAnalysis(await analyse('mysql', text));

afterAll(() => closeAnalysis());

describe('the relations of a MySQL statement', () => {
  it.each([
    ['select 1', 'select read'],
    ['select 1;', 'select read'],
    ['select 1 ; # the end', 'select read'],
    ['select * from t', 'select read t'],
    ['select * from db.t as x, u', 'select read db.t u'],
    ['SELECT * FROM Orders', 'select read Orders'],
    ['select * from `a``b`, `s.t`.`u v`', 'select read a`b s.t.u v'],
    ['select * from t union table u', 'select read t u'],
    ['select * from t union table `db`.`u`', 'select read t db.u'],
    ['select * from (select a from u) x where a in (select b from v)', 'select read u v'],
    ['select (select 1 from u) + 1 from t order by (select 2 from v)', 'select read u t v'],
    ['select * from t where exists (select 1 from u) and a > all (select b from v)', 'select read t u v'],
    ['select * from (t join u using (a)) left join v on true straight_join w', 'select read t u v w'],
    ['select * from t, lateral (select * from u where u.a = t.a) x', 'select read t u'],
    ['(select a from t) union all (select b from u) order by 1 limit 3', 'select read t u'],
    ['select a from t intersect select b from u except select c from v', 'select read t u v'],
    ['values row(1), row((select 1 from u))', 'values read u'],
    ['select * from (values row(1)) v', 'select read'],
    ["select * from json_table((select x from u), '$[*]' columns (a int path '$')) j", 'select read u'],
    ['select * from t partition (p0) force index (i)', 'select read t'],
    [
      'select sum(a) over (partition by (select 1 from u)) from t window w as (order by a)',
      'select read u t',
    ],
    [
      'select a, count(*) from t group by a with rollup having count(*) > (select 1 from u)',
      'select read t u',
    ],
    ['select 1 from dual', 'select read'],
    ['select 1 from `dual`', 'select read dual'],
    ['select \'from x\', "from y", `c` from t -- from z\n/* from v */', 'select read t'],
    ["select '\\' from x', 'it''s', \"a\\\\\" from t", 'select read t'],
    ["select 1 from t where a = '/*! union select a from secret */'", 'select read t'],
    ["select 1 from t where a = '# -- /* ' and b = ?", 'select read t $1'],
    ["select ?, '?', `?` from t -- ?\nwhere a = ?", 'select read t $2'],
    ['explain select * from t', 'explain read t'],
    ['explain format = json select * from t', 'explain read t'],
    ['explain delete from t', 'explain write t:write'],
  ])('%s', async (text, expected) => {
    expect(await describeMysql(text)).toBe(expected);
  });

  it('says where each name stands, in UTF-16 units of the text as it was written', async () => {
    const text = "select '😀é', /* ü */ lower(a)\r\n\tfrom db.t, `ü` where a = '\\''";
    const analysis = await analyse('mysql', text);
    const facts = analysis.ok ? analysis.facts : null;
    expect(facts?.relations.map(({ position }) => position)).toEqual([
      text.indexOf('db.t'),
      text.indexOf('`ü`'),
    ]);
    expect(facts?.functions.map(({ position }) => position)).toEqual([text.indexOf('lower')]);
  });
});

describe('WITH in MySQL', () => {
  it.each([
    ['with x as (select 1) select * from x', 'select read'],
    ['with x as (select * from x) select * from x', 'select read x'],
    ['with recursive x(n) as (select 1 union all select n + 1 from x) select * from x', 'select read'],
    ['with a as (select * from b), b as (select 1) select * from a', 'select read b'],
    ['with recursive a as (select * from b), b as (select 1) select * from a', 'select read b'],
    ['with a as (select 1), b as (select * from a) select * from b', 'select read'],
    ['with x as (select 1) select * from db.x', 'select read db.x'],
    ['with X as (select 1) select * from x', 'select read x'],
    ['select * from (with x as (select 1) select * from x) y, x', 'select read x'],
    ['with x as (select 1) select * from (with x as (select * from x) select * from x) y', 'select read'],
    ['(with x as (select 1) select * from x) union select * from x', 'select read x'],
    [
      'with x as (select 1) select (select count(*) from x), exists (select 1 from x) from u',
      'select read u',
    ],
    ['with x as (select 1) delete from t where a in (select * from x)', 'delete write t:write'],
    ['insert into x with x as (select 1) select * from x', 'insert write x:write'],
  ])('%s', async (text, expected) => {
    expect(await describeMysql(text)).toBe(expected);
  });
});

describe('writes in MySQL', () => {
  it.each([
    ['insert into db.t (a) values (?), (default)', 'insert write db.t:write $1'],
    ['insert ignore into t set a = (select 1 from u)', 'insert write t:write u'],
    ['insert into t select * from u on duplicate key update a = values(a)', 'insert write t:write u'],
    ['insert t values (1)', 'insert write t:write'],
    ['replace into t select * from u', 'replace write t:write u'],
    ['update t set a = 1 where b in (select c from u) order by a limit 1', 'update write t:write u'],
    ['update t join u on t.a = u.a set t.b = u.b', 'update write t:write u'],
    ['update t as x join u on x.a = u.a set x.b = 1, u.c = 2', 'update write t:write u:write'],
    ['update t join u on t.a = u.a set b = 1', 'update write t:write u:write'],
    ['delete from t where a in (select b from u)', 'delete write t:write u'],
    ['delete x from t as x join u on x.a = u.a', 'delete write t:write u'],
    ['delete t, u from t join u join v', 'delete write t:write u:write v'],
    ['delete from t using t join u', 'delete write t:write t u'],
  ])('%s', async (text, expected) => {
    expect(await describeMysql(text)).toBe(expected);
  });
});

describe('functions of MySQL that are not safe', () => {
  it.each([
    ["select lower('A'), NOW(6), count(distinct a, b), group_concat(a order by b separator '|')", ''],
    [
      "select concat('a', ?), if(a, 1, 2), json_extract(a, '$'), a->>'$.x', date_add(a, interval 1 day)",
      '$1',
    ],
    [
      'select cast(a as decimal(10, 2)), convert(a using utf8mb4), extract(day from a), trim(both ? from a)',
      '$1',
    ],
    ['select database(), schema(), version(), current_timestamp, current_date()', ''],
    ['select sleep(1)', 'sleep!'],
    ['select SLEEP (1)', 'sleep!'],
    ['select `sleep`(1)', 'sleep!'],
    [
      "select benchmark(1, md5('a')), get_lock('a', 1), load_file('/etc/passwd')",
      'benchmark! get_lock! load_file!',
    ],
    ["select extractvalue(a, 'b'), updatexml(a, 'b', 'c')", 'extractvalue! updatexml!'],
    [
      'select last_insert_id(1), found_rows(), connection_id(), user(), current_user()',
      'last_insert_id! found_rows! connection_id! user! current_user! current_user!',
    ],
    ['select current_user', 'current_user!'],
    ["select db.lower('a'), my_function(1)", 'db.lower! my_function!'],
    ["select sys_exec('id'), master_pos_wait('a', 1), nextval(s)", 'sys_exec! master_pos_wait! nextval!'],
  ])('%s', async (text, expected) => {
    const found = (await describeMysql(text)).replace(/^select read ?/, '');
    expect(found).toBe(expected);
  });
});

describe('ways around the analysis that reached real servers', () => {
  it.each([
    ['select a from allowed /*! union select a from secret */', /^query\.unsupported comments/],
    ['select a from allowed /*!50000 union select a from secret */', /^query\.unsupported comments/],
    ['select a from allowed /*M! union select a from secret */', /^query\.unsupported comments/],
    ['select a from allowed /*M!100000 union select a from secret */', /^query\.unsupported comments/],
    ['/*!99999 with secret as (select 1 a) */ select a from secret', /^query\.unsupported comments/],
    ['select /*+ SET_VAR(sql_mode = "ANSI_QUOTES") */ a from allowed', /^query\.unsupported comments/],
    [
      'select a from allowed /* /* */ union select a from secret # */',
      /^query\.unsupported a comment inside/,
    ],
    ['select a from allowed /* x */ union select a from secret -- */', /^select read allowed secret$/],
    ['select 1--1 from secret', /^query\.unsupported -- without/],
    ['select 1 -- 1 from allowed\n from secret', /^select read secret$/],
    ['select a from allowed #\nunion select a from secret', /^select read allowed secret$/],
    ['select a from allowed # x\r union select a from secret', /^select read allowed$/],
    ['select a from allowed union table secret', /^select read allowed secret$/],
    ['with x as (table secret) select * from x', /^query\.syntax/],
    ['select a from allowed where a in (table secret)', /^query\./],
    ['select $$ from secret -- $$', /^query\.unsupported names that begin with \$/],
    ['select a from allowed where $a$ = 1 union select a from secret -- $a$', /^query\.unsupported names/],
    ['select 1e5union select a from secret', /^query\.unsupported a number/],
    ['select 0x1union select a from secret', /^query\.unsupported a number/],
    ['select .5from secret', /^query\.unsupported a number/],
    ['select "a\\" from allowed", a from secret', /^select read secret$/],
    ["select 'a' 'b' from secret", /^select read secret$/],
    ["select _utf8mb4'x' from secret", /^select read secret$/],
    ['select {fn user()}', /^query\.unsupported ODBC/],
    ['select * from {oj allowed left join secret on 1}', /^query\.unsupported ODBC/],
    ['select \\N', /^query\.unsupported a backslash/],
    ['select a from allowed\u00a0union select a from secret', /^query\.unsupported a character/],
    ['select a from allowed\u2028union select a from secret', /^query\.unsupported a character/],
  ])('%s', async (text, expected) => {
    expect(await describeMysql(text)).toMatch(expected);
  });
});

describe('what MySQL statements are refused', () => {
  it.each([
    ['', 'query.empty'],
    ['-- only this\n# and that', 'query.empty'],
    [';', 'query.empty'],
    ['select 1; select 2', 'query.multiple_statements'],
    ['select 1;; select 2', 'query.multiple_statements'],
    ['; select 1', 'query.multiple_statements'],
    ['selec 1', 'query.syntax'],
    ['select 1 /* open', 'query.syntax a comment that does not end'],
    ["select 'open", 'query.syntax a quote that does not end'],
    ['select `open', 'query.syntax a quote that does not end'],
    ['select ``', 'query.syntax a quote that does not end'],
    ['select a\0', 'query.invalid_text NUL'],
    ["select a into outfile '/tmp/x' from t", 'query.read_only OUTFILE'],
    ["select a from t into dumpfile '/tmp/x'", 'query.read_only DUMPFILE'],
    ['select a from t into @x', 'query.unsupported variables (@name, @@name)'],
    ['select a into x from t', 'query.read_only SELECT … INTO'],
    ['select @x := 1', 'query.unsupported variables (@name, @@name)'],
    ['select @@version', 'query.unsupported variables (@name, @@name)'],
    ['select a from t for update', 'query.read_only FOR UPDATE/SHARE'],
    ['select * from (select a from t for share) x', 'query.read_only FOR UPDATE/SHARE'],
    ['select a from t lock in share mode', 'query.read_only LOCK'],
    ['select a from t procedure analyse()', 'query.unsupported PROCEDURE'],
    ['explain analyze delete from t', 'query.read_only EXPLAIN ANALYZE'],
    ['explain t', 'query.unsupported EXPLAIN TABLE'],
    ['describe t', 'query.unsupported EXPLAIN TABLE'],
    ['show tables', 'query.unsupported SHOW'],
    ['create table x as select 1', 'query.read_only CREATE'],
    ['call p()', 'query.read_only CALL'],
    ['do sleep(1)', 'query.read_only DO'],
    ['handler t open', 'query.read_only HANDLER'],
    ["load data infile 'x' into table t", 'query.read_only LOAD'],
    ['lock tables t read', 'query.read_only LOCK'],
    ['analyze select 1', 'query.read_only ANALYZE'],
    ['set a = 1', 'query.unsupported SET'],
    ['use mysql', 'query.unsupported USE'],
    ['begin', 'query.unsupported BEGIN'],
    ["prepare s from 'select 1'", 'query.unsupported PREPARE'],
    ['kill 1', 'query.read_only KILL'],
    ['table t', 'query.unsupported TABLE'],
    ['select * from a.b.c', 'query.unsupported a name of more than two parts'],
    ['select * from f(1)', 'query.unsupported a table function'],
    ['select * from `a\nb`', 'query.unsupported a name with such characters'],
  ])('%j', async (text, expected) => {
    expect(await describeMysql(text)).toBe(expected);
  });

  it('names the place of a syntax error without words of the parser', async () => {
    const text = "select '😀é', from t";
    const analysis = await analyse('mysql', text);
    expect(analysis).toEqual({
      ok: false,
      refusal: {
        code: 'query.syntax',
        detail: 'The statement has a syntax error, or something not supported, near "from"',
        position: text.indexOf('from'),
      },
    });
  });
});

describe('large MySQL statements', () => {
  const chain = (count: number, part: string): string => part.repeat(count);

  it.each([
    ['a long list', `select * from t where a in (${chain(15_000, '1,')}1)`],
    ['many alternatives', `select * from t where ${chain(350, 'a = 1 or ')} false`],
    ['many rows', `select * from t, (values row(1)${chain(3_000, ', row(-2)')}) v`],
    ['many columns', `select ${chain(1_500, 'a + 1, ')} 1 from t`],
    ['a long string', `select '${chain(32_000, "''")}' from t`],
    ['a long string with escapes', `select '${chain(30_000, '\\n')}' from t`],
    ['a long comment', `select 1 from t /*${chain(60_000, '*')}*/`],
  ])('accepts %s', async (_name, text) => {
    expect(await describeMysql(text)).toBe('select read t');
  });

  it.each([
    ['alternatives', `select ${chain(1_000, 'a = 1 or ')}1`],
    ['additions', `select ${chain(20_000, '1+')}1`],
    ['comparisons', `select 1${chain(1_000, ' is null')}`],
    ['paths', `select a${chain(2_000, "->'$'")}`],
    ['parentheses', `select ${chain(100, '(')}1${chain(100, ')')}`],
    ['subqueries', `select ${chain(200, '(select ')}1${chain(200, ')')}`],
    ['unions', `select 1${chain(4_000, ' union select 1')}`],
    ['cases', `select ${chain(600, 'case when 1 then ')}1${chain(600, ' end')}`],
  ])('refuses a tower of %s and answers the next statement', async (_name, text) => {
    expect(await describeMysql(text)).toBe('query.too_complex');
    expect(await describeMysql('select a from t')).toBe('select read t');
  });
});
