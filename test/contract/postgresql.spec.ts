import { Client } from 'pg';
import { driverFor } from '../../src/drivers';
import { RawJson } from '../../src/drivers/cell';
import { describeEngine, freshPostgresDatabase } from '../servers/servers';
import { driverContract } from './driver-contract';
import type { DriverFixture } from './fixture';

const secret = 'canary-9f1c"\'\\pw';

const fixture: DriverFixture = {
  name: 'postgresql',
  secret,
  load: () => driverFor('postgresql'),

  async start() {
    const database = await freshPostgresDatabase();
    const admin = new Client({ connectionString: database.url });
    admin.on('error', () => undefined);
    await admin.connect();
    const username = `${database.database}_writer`;
    await admin.query(`
      create role ${username} login password '${secret.replaceAll("'", "''")}';
      grant pg_read_all_stats to ${username};
      alter database ${database.database} owner to ${username};
      alter schema public owner to ${username};
      set role ${username};
      create table customers (id int primary key);
      create table orders (
        id bigint generated always as identity primary key,
        customer_id int not null references customers (id),
        total numeric(10,2) default 0.00,
        tags text[],
        note varchar(20)
      );
      comment on table orders is 'what was ordered';
      comment on column orders.note is 'a remark';
      create unique index orders_note on orders (note, lower(note));
      create table area (id int primary key, region text) partition by list (id);
      create table area_1 partition of area for values in (1);
      create view noted as select id, note as remark from orders o where total > 0;
      create materialized view stored as select id from customers;
      create domain short as varchar(5) not null;
      create table computed (a text, b text generated always as (lower(a)) stored, c short);
      create table changing (a int, b text);
      create view shifting as select a from changing;
      create table written (n int primary key check (n < 1000));
      insert into written values (1);
      create procedure tally(size int, inout step int, inout total int default 0, inout listed refcursor default null)
        language plpgsql as $$ begin
          step := step + 1; total := size * 2 + 1; open listed for select generate_series(1, 3) as n; end $$;
      reset role;
    `);
    return {
      input: {
        host: database.host,
        port: database.port,
        database: database.database,
        username,
        password: secret,
        ssl: false,
      },
      async running(marker) {
        const { rows } = await admin.query<{ n: number }>(
          `select count(*)::int as n from pg_stat_activity
           where state = 'active' and query like '%' || $1 || '%' and pid <> pg_backend_pid()`,
          [marker],
        );
        return rows[0]!.n;
      },
      async killSessions() {
        await admin.query(
          `select pg_terminate_backend(pid, 2000) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid()`,
        );
      },
      async stop() {
        await admin.query(`reassign owned by ${username} to current_user; drop owned by ${username}`);
        await admin.end();
        await database.drop();
      },
    };
  },

  series: (count) => ({ text: 'select n from generate_series(1, $1::int) n', values: [count] }),
  slow: (marker) => ({ text: `select /* ${marker} */ pg_sleep(30)` }),
  endless: (marker) => ({
    text: `select /* ${marker} */ generate_series(1, 1000000000) as n, repeat('x', 200) as x`,
  }),

  exact: [
    {
      name: 'one of each common type',
      statement: {
        text: `select 1::int2 as a, 2 as b, 9007199254740993 as c, 1.10::numeric(10,2) as d, 0.1::float8 as e, true as f,
               'x'::text as g, null::date as h, '{"k": 12345678901234567890.0}'::jsonb as i, array[1,null,3] as j,
               '\\x00ff'::bytea as k, '2026-01-31 10:00:00.5+02'::timestamptz as l`,
      },
      columns: [
        { name: 'a', type: 'integer', nativeType: 'int2' },
        { name: 'b', type: 'integer', nativeType: 'int4' },
        { name: 'c', type: 'bigint', nativeType: 'int8' },
        { name: 'd', type: 'decimal', nativeType: 'numeric(10,2)' },
        { name: 'e', type: 'float', nativeType: 'float8' },
        { name: 'f', type: 'boolean', nativeType: 'bool' },
        { name: 'g', type: 'text', nativeType: 'text' },
        { name: 'h', type: 'date', nativeType: 'date' },
        { name: 'i', type: 'json', nativeType: 'jsonb' },
        { name: 'j', type: 'array', elementType: 'integer', nativeType: 'int4[]' },
        { name: 'k', type: 'bytes', nativeType: 'bytea' },
        { name: 'l', type: 'timestamptz', nativeType: 'timestamptz' },
      ],
      rows: [
        [
          1,
          2,
          '9007199254740993',
          '1.10',
          0.1,
          true,
          'x',
          null,
          new RawJson('{"k": 12345678901234567890.0}'),
          [1, null, 3],
          'AP8=',
          '2026-01-31T08:00:00.5Z',
        ],
      ],
    },
  ],
  parameters: {
    statement: {
      text: `select $1::int + 1, $2::text, $3::bool, $4::numeric, $5::jsonb ->> 'a', $6::int[], $7::json, $8::text, $9::text[]`,
      values: [
        1,
        "it's",
        true,
        '12345678901234567890.10',
        { a: 'b' },
        [1, 2, null],
        [1, { x: 2 }],
        null,
        ['a"b', '\\', '{,}', '', 'NULL'],
      ],
    },
    rows: [
      [
        2,
        "it's",
        true,
        '12345678901234567890.10',
        'b',
        [1, 2, null],
        new RawJson('[1,{"x":2}]'),
        null,
        ['a"b', '\\', '{,}', '', 'NULL'],
      ],
    ],
  },
  empty: { statement: { text: 'select id, note from orders where false' }, columns: ['id', 'note'] },
  duplicates: { statement: { text: 'select 1 as id, 2 as id' }, names: ['id', 'id'], row: [1, 2] },

  failing: [
    {
      name: 'a syntax error',
      statement: { text: 'select 1 frmo x y' },
      code: 'query.syntax',
      position: 15,
      sqlState: '42601',
    },
    {
      name: 'an unknown table',
      statement: { text: 'select * from nowhere' },
      code: 'query.unknown_object',
      position: 15,
      sqlState: '42P01',
    },
    {
      name: 'a value that does not fit',
      statement: { text: "select ('sec' || 'ret-value')::int" },
      code: 'query.invalid_value',
      sqlState: '22P02',
      hidden: 'secret-value',
    },
    {
      name: 'a failure after some rows',
      statement: { text: 'select 1000 / (500 - n) from generate_series(1, 1000) n' },
      code: 'query.invalid_value',
      sqlState: '22012',
      late: true,
    },
    { name: 'an empty text', statement: { text: ' -- nothing' }, code: 'query.empty' },
    { name: 'a missing parameter', statement: { text: 'select $1::int' }, code: 'query.invalid_parameter' },
    {
      name: 'a parameter that does not fit',
      statement: { text: 'select $1::int', values: ['hidden-words'] },
      code: 'query.invalid_value',
      hidden: 'hidden-words',
    },
    { name: 'a zero byte', statement: { text: 'select \0' }, code: 'query.invalid_text' },
  ],
  writes: [
    { text: 'insert into written values (500)' },
    { text: 'with w as (insert into written values (501) returning n) select n from w' },
    { text: 'create table made (a int)' },
    { text: 'do $$ begin insert into written values (502); end $$' },
    { text: 'set transaction read write' },
    { text: '/* x /* y */ */ -- z\n commit' },
    { text: "copy (select 1) to '/tmp/sluice-copied'" },
    { text: "select nextval('orders_id_seq')" },
  ],
  write: {
    statement: {
      text: 'insert into written select max(n) + i from written, generate_series(1, 3) i group by i returning n',
    },
    affected: 3,
    written: { text: 'select count(*) from written' },
  },
  multiple: [
    { text: 'select 1; insert into written values (600)' },
    { text: 'insert into written values (601); commit; insert into written values (602)' },
  ],

  wrong: [
    {
      name: 'a wrong password',
      input: (input) => ({ ...input, password: 'wrong-canary' }),
      code: 'connection.auth_failed',
    },
    {
      name: 'an unknown account',
      input: (input) => ({ ...input, username: 'nobody_here' }),
      code: 'connection.auth_failed',
    },
    {
      name: 'an unknown database',
      input: (input) => ({ ...input, database: 'nowhere' }),
      code: 'connection.database_not_found',
    },
    {
      name: 'a port nothing listens on',
      input: (input) => ({ ...input, port: 1 }),
      code: 'connection.refused',
    },
    {
      name: 'an unknown host',
      input: (input) => ({ ...input, host: 'no-such-host.invalid' }),
      code: 'connection.host_not_found',
    },
    {
      name: 'TLS where the server has none',
      input: (input) => ({ ...input, ssl: { mode: 'require' } }),
      code: 'connection.tls_failed',
    },
  ],
  invalid: [
    { input: {}, paths: ['/database', '/host', '/username'] },
    {
      input: {
        connectionString: 'postgres://u:p@h/d?foo=1',
        host: 'other',
        options: { nope: 1, searchPath: 'x' },
      },
      paths: ['/connectionString', '/host', '/options/nope', '/options/searchPath'],
    },
    {
      input: {
        host: '/run/postgresql',
        port: 70_000,
        database: 'd',
        username: 'u',
        ssl: { mode: 'maybe' as never },
      },
      paths: ['/host', '/port', '/ssl/mode'],
    },
  ],

  described: [
    {
      schema: 'public',
      name: 'orders',
      kind: 'table',
      columns: [
        { name: 'id', type: 'bigint', textual: false, visible: true },
        { name: 'customer_id', type: 'integer', textual: false, visible: true },
        { name: 'total', type: 'numeric(10,2)', textual: false, visible: true },
        { name: 'tags', type: 'text[]', textual: false, visible: true },
        { name: 'note', type: 'character varying(20)', textual: true, visible: true },
      ],
      primaryKey: ['id'],
      definition: null,
      ancestors: [],
      descendants: [],
    },
    {
      schema: 'public',
      name: 'noted',
      kind: 'view',
      columns: [
        { name: 'id', type: 'bigint', textual: false, visible: true },
        { name: 'remark', type: 'character varying(20)', textual: true, visible: true },
      ],
      primaryKey: [],
      definition: ' SELECT id,\n    note AS remark\n   FROM public.orders o\n  WHERE (total > (0)::numeric);',
      ancestors: [],
      descendants: [],
    },
    {
      schema: 'public',
      name: 'area_1',
      kind: 'table',
      columns: [
        { name: 'id', type: 'integer', textual: false, visible: true },
        { name: 'region', type: 'text', textual: true, visible: true },
      ],
      primaryKey: ['id'],
      definition: null,
      ancestors: [{ schema: 'public', name: 'area' }],
      descendants: [],
    },
    {
      schema: 'public',
      name: 'area',
      kind: 'table',
      columns: [
        { name: 'id', type: 'integer', textual: false, visible: true },
        { name: 'region', type: 'text', textual: true, visible: true },
      ],
      primaryKey: ['id'],
      definition: null,
      ancestors: [],
      descendants: [{ schema: 'public', name: 'area_1' }],
    },
    {
      schema: 'public',
      name: 'computed',
      kind: 'table',
      columns: [
        { name: 'a', type: 'text', textual: true, visible: true },
        { name: 'b', type: 'text', textual: true, visible: true, computedFrom: ['a'] },
        { name: 'c', type: 'character varying(5)', textual: true, visible: true },
      ],
      primaryKey: [],
      definition: null,
      ancestors: [],
      descendants: [],
    },
    {
      schema: 'public',
      name: 'stored',
      kind: 'materialized_view',
      columns: [{ name: 'id', type: 'integer', textual: false, visible: true }],
      primaryKey: [],
      definition: ' SELECT id\n   FROM public.customers;',
      ancestors: [],
      descendants: [],
    },
  ],
  changing: {
    relation: { schema: 'public', name: 'shifting' },
    reads: { text: 'select a from shifting' },
    changes: [
      { text: 'create or replace view shifting as select a + 1 as a from changing' },
      { text: 'create or replace view shifting as select a, b from changing' },
      { text: 'alter view shifting rename column b to c' },
      { text: 'do $$ begin drop view shifting; create view shifting as select a, b from changing; end $$' },
      { text: 'do $$ begin drop view shifting; create table shifting (a int, b text); end $$' },
      { text: 'alter table shifting add column d int' },
      { text: 'alter table shifting alter column d type bigint' },
      { text: 'alter table shifting inherit changing' },
    ],
  },
  procedure: {
    request: { procedure: { schema: 'public', name: 'tally' }, arguments: [20, 1] },
    out: { step: 2, total: 41 },
    rows: [[1], [2], [3]],
  },

  table: {
    schema: 'public',
    name: 'orders',
    kind: 'table',
    comment: 'what was ordered',
    columns: [
      column('id', 'bigint', 'bigint', { nullable: false, primaryKey: true }),
      column('customer_id', 'integer', 'integer', { nullable: false }),
      column('total', 'decimal', 'numeric(10,2)', { defaultExpression: '0.00' }),
      column('tags', 'array', 'text[]'),
      column('note', 'text', 'character varying(20)', { comment: 'a remark' }),
    ],
    indexes: [
      { name: 'orders_note', columns: ['note', 'lower(note::text)'], unique: true },
      { name: 'orders_pkey', columns: ['id'], unique: true },
    ],
    foreignKeys: [
      {
        name: 'orders_customer_id_fkey',
        columns: ['customer_id'],
        referencedSchema: 'public',
        referencedTable: 'customers',
        referencedColumns: ['id'],
      },
    ],
  },
};

function column(
  name: string,
  type: 'bigint' | 'integer' | 'decimal' | 'array' | 'text',
  nativeType: string,
  rest: Partial<DriverFixture['table']['columns'][number]> = {},
): DriverFixture['table']['columns'][number] {
  return {
    name,
    type,
    nativeType,
    nullable: true,
    defaultExpression: null,
    primaryKey: false,
    comment: null,
    ...rest,
  };
}

describeEngine('postgresql', () => driverContract(fixture));
