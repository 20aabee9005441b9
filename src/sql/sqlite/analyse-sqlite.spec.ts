import { analyse } from '../analyse';
import { describeAnalysis } from '../describe-analysis';

const describeSqlite = async (text: string): Promise<string> =>
  describeAnalysis(await analyse('sqlite', text));

describe('the relations of an SQLite statement', () => {
  it.each([
    ['select 1', 'select read'],
    ['select 1;;', 'select read'],
    ['select * from T', 'select read t'],
    ['select * from MAIN.T as x, temp.u', 'select read main.t temp.u'],
    ['select * from \'secret\', [A b], `c`, "d""e"', 'select read secret a b c d"e'],
    ['select * from t union select * from u except select * from v', 'select read t u v'],
    ['select (select 1 from u), exists (select 2 from v) from t', 'select read u v t'],
    ['select 1 in tbl, 2 not in main.tbl', 'select read tbl main.tbl'],
    ["select 1 in 'secret'", 'select read secret'],
    ['select * from (t join (u left join v using (a)) on true) natural join w', 'select read t u v w'],
    ['select * from (t)', 'select read t'],
    ['select a from t order by (select 1 from u) limit (select 2 from v) offset 1', 'select read t u v'],
    [
      'select count(*) filter (where a in (select b from u)) over (order by (select 1 from v)) from t',
      'select read u v t',
    ],
    ['values (1), ((select 1 from u))', 'values read u'],
    ['select \'from x\', "from y" from t -- from z\n/* from v', 'select read t'],
    ["select * from json_each('[1]') where value in (select a from u)", 'select read u'],
    ['select sql from sqlite_schema', 'select read sqlite_schema'],
    ['select * from dbstat, pragma_table_list', 'select read dbstat pragma_table_list'],
    ['explain query plan select * from t', 'explain read t'],
    ['explain delete from t', 'explain write t:write'],
    ['select ?, ?3, ? from t', 'select read t $4'],
    ['select * from T\u00c4', 'select read t\u00c4'],
  ])('%s', async (text, expected) => {
    expect(await describeSqlite(text)).toBe(expected);
  });
});

describe('WITH in SQLite', () => {
  it.each([
    ['with x as (select 1) select * from X', 'select read'],
    ['with x as (select * from main.x) select * from x', 'select read main.x'],
    ['with a as (select * from b), b as (select 1) select * from a', 'select read'],
    ['with recursive x(n) as (select 1 union all select n + 1 from x) select * from x', 'select read'],
    ['select * from (with x as (select 1) select * from x) y, x', 'select read x'],
    ['with x as (select 1) select 1 in x, (select count(*) from x)', 'select read'],
    ['with x as not materialized (select * from u) select * from x', 'select read u'],
    ['with t as (select 1) insert into t select * from t', 'insert write t:write'],
    ['with t as (select 1) update t set a = (select * from t)', 'update write t:write'],
    ['with t as (select 1) delete from t where a in t', 'delete write t:write'],
    ['with x as (select 1) select * from temp.x', 'select read temp.x'],
  ])('%s', async (text, expected) => {
    expect(await describeSqlite(text)).toBe(expected);
  });
});

describe('writes in SQLite', () => {
  it.each([
    ['insert into main.t values (?) returning (select 1 from u)', 'insert write main.t:write u $1'],
    ['replace into t select * from u', 'insert write t:write u'],
    [
      'insert into t values (1) on conflict (a) do update set b = (select 1 from v)',
      'insert write t:write v',
    ],
    ['update or ignore t set a = 1 from u where t.b = u.b', 'update write t:write u'],
    ['delete from t where a in (select b from u)', 'delete write t:write u'],
  ])('%s', async (text, expected) => {
    expect(await describeSqlite(text)).toBe(expected);
  });
});

describe('functions of SQLite that are not safe', () => {
  it.each([
    ["select lower('A'), COUNT(*), strftime('%Y', 'now'), a ->> '$.x', current_timestamp, iif(1, 2, 3)", ''],
    ["select load_extension('x')", 'load_extension!'],
    ["select readfile('/etc/passwd'), WriteFile('x', 'y'), edit('z')", 'readfile! writefile! edit!'],
    [
      "select fts3_tokenizer('a'), sqlite_offset(a), last_insert_rowid(), \"readfile\"('x')",
      'fts3_tokenizer! sqlite_offset! last_insert_rowid! readfile!',
    ],
    ['select my_function(1)', 'my_function!'],
  ])('%s', async (text, expected) => {
    expect((await describeSqlite(text)).replace(/^select read ?/, '')).toBe(expected);
  });
});

describe('what SQLite statements are refused', () => {
  it.each([
    ['', 'query.empty'],
    [';', 'query.empty'],
    ['-- x\n;', 'query.empty'],
    ['/* open', 'query.empty'],
    ['select 1; select 2', 'query.multiple_statements'],
    ['select 1; nonsense', 'query.multiple_statements'],
    ['; select 1', 'query.multiple_statements'],
    ['select from from', 'query.syntax'],
    ['select', 'query.syntax'],
    ["select 'open", 'query.syntax'],
    ['select 1\0; drop table t', 'query.invalid_text NUL'],
    ["attach 'x' as y", 'query.unsupported ATTACH'],
    ['detach y', 'query.unsupported DETACH'],
    ['pragma journal_mode = wal', 'query.unsupported PRAGMA'],
    ['begin', 'query.unsupported BEGIN'],
    ['commit', 'query.unsupported COMMIT'],
    ['savepoint a', 'query.unsupported SAVEPOINT'],
    ["vacuum into 'x'", 'query.read_only VACUUM'],
    ['create virtual table t using fts5(a)', 'query.read_only CREATE VIRTUAL TABLE'],
    ['reindex', 'query.read_only REINDEX'],
    ['analyze', 'query.read_only ANALYZE'],
    ['explain drop table t', 'query.read_only DROP TABLE'],
    ["select * from pragma_table_info('secret')", 'query.unsupported pragma_table_info'],
    ["select * from fts('word')", 'query.unsupported fts'],
    ["select 1 in fts('word')", 'query.unsupported fts'],
    ["select * from main.json_each('[]')", 'query.unsupported json_each'],
    ['select :name', 'query.unsupported :name'],
    ['select @name, $name', 'query.unsupported @name'],
    ['select ?0', 'query.unsupported ?0'],
    ['select ?99999', 'query.unsupported ?99999'],
    ["select raise(abort, 'x')", 'query.unsupported RAISE'],
    ['select a\u00a0from t, u where', 'query.syntax'],
  ])('%j', async (text, expected) => {
    expect(await describeSqlite(text)).toBe(expected);
  });

  it.each([
    ['additions', `select ${'1+'.repeat(20_000)}1`],
    ['parentheses', `select ${'('.repeat(20_000)}1${')'.repeat(20_000)}`],
    ['subqueries', `select ${'(select '.repeat(5_000)}1${')'.repeat(5_000)}`],
  ])('refuses a tower of %s', async (_name, text) => {
    expect(await describeSqlite(text)).toBe('query.too_complex');
  });

  it('accepts long lists and many set operations', async () => {
    expect(await describeSqlite(`select * from t where a in (${'1,'.repeat(15_000)}1)`)).toBe(
      'select read t',
    );
    expect(await describeSqlite(`select 1 from t${' union select 2'.repeat(3_000)}`)).toBe('select read t');
  });
});
