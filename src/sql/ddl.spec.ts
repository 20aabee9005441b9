import type { Dialect } from '../common/dialect';
import { analyse, closeAnalysis } from './analyse';
import { describeAnalysis } from './describe-analysis';

const describeText = async (dialect: Dialect, text: string): Promise<string> => {
  const analysis = await analyse(dialect, text);
  if (!analysis.ok || analysis.facts.kind !== 'ddl') return describeAnalysis(analysis);
  const { refusal, ...facts } = analysis.facts;
  // whoever may define nothing is told what they were always told
  expect(refusal).toMatchObject({
    code: 'query.read_only',
    detail: expect.stringMatching(/ is not accepted here$/),
  });
  expect(facts.access).toBe('write');
  return describeAnalysis({ ok: true, facts });
};

afterAll(() => closeAnalysis());

/** The dialect, and statements with what they change and read. */
const defined: readonly (readonly [Dialect, string, string])[] = [
  [
    'postgresql',
    "create table if not exists s.t (id int generated always as identity (start 5) primary key, n text not null default 'x' check (n <> ''), r int references o (id) on delete cascade, k bigserial, constraint u unique (n)) partition by range (id)",
    's.t:write o',
  ],
  ['postgresql', 'create table p partition of s.t for values from (1) to (2)', 'p:write s.t'],
  ['postgresql', 'create table c as select * from d where f in (select g from h)', 'd h c:write'],
  ['postgresql', 'create materialized view m as select 1 from a with no data', 'a m:write'],
  [
    'postgresql',
    'create or replace view v (a) with (security_invoker = true) as select 1 from z',
    'v:write z',
  ],
  [
    'postgresql',
    'create unique index i on s.t using gin (lower(a) text_pattern_ops, b desc) where d > 1',
    's.t:write',
  ],
  ['postgresql', 'create schema if not exists x', 'x.*:write'],
  [
    'postgresql',
    'alter table s.t add column x int default 5, drop column y cascade, alter z type text using z::text',
    's.t:write',
  ],
  ['postgresql', 'alter table t attach partition p for values in (1)', 't:write p:write'],
  ['postgresql', 'alter table s.t rename column a to b', 's.t:write'],
  ['postgresql', 'alter schema a rename to b', 'a.*:write'],
  ['postgresql', 'drop table if exists a, s.b cascade', 'a:write s.b:write'],
  ['postgresql', 'drop index s.i', 's.i:write'],
  ['postgresql', 'drop schema x cascade', 'x.*:write'],
  ['postgresql', "comment on column s.t.c is 'hi'", 's.t:write'],
  ['postgresql', 'truncate only a, s.b restart identity cascade', 'a:write s.b:write'],
  [
    'mysql',
    "create table if not exists s.t (id int unsigned not null auto_increment primary key, n varchar(20) null default 'x' comment 'c', r int references o (id) on delete cascade, d datetime default current_timestamp on update current_timestamp, unique key uk (n), key k (n(10)), constraint fk foreign key (r) references z (a) on delete set null, check (id > 1))",
    's.t:write o z',
  ],
  ['mysql', 'create table a like b', 'a:write b'],
  ['mysql', 'create or replace view v as select a from b union select c from d', 'v:write b d'],
  ['mysql', 'create unique index i on t (a desc, b(10))', 't:write'],
  [
    'mysql',
    'alter table t drop column a, add index k (b), modify column x bigint not null, rename to s.u',
    't:write s.u:write',
  ],
  ['mysql', 'rename table a to b', 'a:write b:write'],
  ['mysql', 'drop table if exists a, s.b', 'a:write s.b:write'],
  ['mysql', 'drop index i on t', 't:write'],
  ['mysql', 'truncate table t', 't:write'],
  [
    'sqlite',
    "create table if not exists main.t (id integer primary key autoincrement, n text not null default 'x' collate nocase check (n <> '') unique, r int references o (id) on delete cascade, g int generated always as (1 + 1) stored, foreign key (r) references z (a)) strict",
    'o z main.t:write',
  ],
  ['sqlite', 'create table t as select * from u', 'u t:write'],
  ['sqlite', 'create view v (a) as select b from c', 'c v:write'],
  ['sqlite', 'create unique index main.i on t (a desc, lower(b)) where c > 1', 'main.t:write'],
  ['sqlite', 'alter table t rename column a to b', 't:write'],
  ['sqlite', 'drop view if exists v', 'v:write'],
];

/** What reaches further than tables, indexes, views and schemas. */
const refused: readonly (readonly [Dialect, string])[] = [
  ...(
    [
      'create function f() returns int language sql as $$ select 1 $$',
      'create or replace procedure p() language sql as $$ select 1 $$',
      'create extension dblink',
      'create role a',
      'create database a',
      'create server s foreign data wrapper f',
      'create foreign table t (a int) server s',
      'alter foreign table t add column x int',
      'create trigger a after insert on b execute function c()',
      'create rule a as on insert to b do nothing',
      'create sequence s',
      'create type t as (a int)',
      'create policy p on t',
      'create event trigger e on ddl_command_end execute function f()',
      'create temp table t (a int)',
      'create unlogged table t (a int)',
      'create table t (a int) tablespace x',
      'create table t (a int) using heap',
      'create table t (a int) with (autovacuum_enabled = false)',
      'create table t (exclude using gist (a with =))',
      'create table a as execute p',
      'create index concurrently i on t (a)',
      'create index i on t (a) tablespace x',
      'create schema a authorization b',
      'create schema a create table b (c int)',
      'alter table t owner to bob',
      'alter table t set tablespace x',
      'alter table t enable row level security',
      'alter table t disable row level security',
      'alter table t disable trigger all',
      'alter table t set schema s',
      'alter table t detach partition p concurrently',
      'alter role a rename to b',
      'alter database a rename to b',
      'alter system set work_mem = 1',
      'drop function f',
      'drop extension x',
      'drop role a',
      'drop database a',
      'drop trigger a on b',
      'drop policy a on b',
      'drop owned by a',
      'drop index concurrently i',
      'drop table a.b.c',
      "comment on function f() is 'x'",
      "comment on role f is 'x'",
      'grant select on t to public',
      'refresh materialized view m',
      'reindex table t',
      'cluster t',
      'select * into x from y',
      'explain create table a as select 1',
      'explain analyze create table a as select 1',
    ] as const
  ).map((text) => ['postgresql', text] as const),
  ...(
    [
      'create function f() returns int return 1',
      "create function f returns string soname 'x.so'",
      'create procedure p() select 1',
      'create event e on schedule every 1 day do select 1',
      'create trigger a before insert on b for each row set @a = 1',
      'create database x',
      'create schema x',
      'create user a',
      'create role a',
      "create server s foreign data wrapper mysql options (host 'h')",
      'create sequence s',
      'create temporary table x (a int)',
      'create table t (a int) engine=connect',
      "create table t (a int) engine=connect file_name='/etc/passwd' table_type=csv",
      "create table t (a int) data directory='/tmp'",
      "create table t (a int) connection='mysql://h/d/t'",
      'create table t (a int) tablespace x',
      'create table t (a int) partition by hash (a)',
      'create table t as select * from u',
      'create table t select * from u',
      'create sql security definer view v as select 1',
      'create definer = a view v as select 1',
      'alter table t engine=x',
      'alter table t discard tablespace',
      'alter table t exchange partition p with table u',
      'alter database a character set utf8mb4',
      "alter user a identified by 'x'",
      'alter event e disable',
      'drop database a',
      'drop function f',
      'drop trigger a',
      'drop user x',
      'rename user a to b',
      'rename table a to b, c to d /*! , e to f */',
      'drop table a /*M! , b */',
    ] as const
  ).map((text) => ['mysql', text] as const),
  ...(
    [
      'create temp table t as select 1',
      'create table temp.t (a int)',
      'create temporary view v as select 1',
      'create virtual table v using fts5(a)',
      "create virtual table v using csv(filename = '/etc/passwd')",
      'drop trigger a',
      "attach 'x' as y",
      'vacuum',
      "vacuum into 'x'",
      'reindex',
      'pragma writable_schema = on',
      'explain create table a (b)',
    ] as const
  ).map((text) => ['sqlite', text] as const),
];

describe('statements that define something', () => {
  it.each(defined)('%s: %s', async (dialect, text, relations) => {
    expect(await describeText(dialect, text)).toBe(`ddl write ${relations}`);
  });

  it.each(refused)('%s refuses: %s', async (dialect, text) => {
    const analysis = await analyse(dialect, text);
    expect(analysis.ok).toBe(false);
    expect(analysis.ok ? '' : analysis.refusal.code).toMatch(/^query\.(?:read_only|unsupported|syntax)$/);
  });

  it.each([
    ['postgresql', "create table t (a int default pg_read_file('x')::int)", 'pg_read_file'],
    ['postgresql', 'create view v as select leak()', 'leak'],
    ['postgresql', 'create index i on t (leak(a))', 'leak'],
    ['postgresql', 'create table t (a x.mytype)', 'mytype'],
    ['mysql', 'create table t (a int default (sleep(1)))', 'sleep'],
    ['mysql', "create view v as select load_file('x')", 'load_file'],
    ['sqlite', "create table x as select load_extension('a')", 'load_extension'],
    ['sqlite', "create table x (a text default (load_extension('a')))", 'load_extension'],
  ] as const)('%s names the functions of: %s', async (dialect, text, name) => {
    const analysis = await analyse(dialect, text);
    const functions = analysis.ok ? analysis.facts.functions : [];
    expect(functions.filter(({ safe }) => !safe).map((fn) => fn.name)).toContain(name);
  });
});
