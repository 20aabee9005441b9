import { Client } from 'pg';
import { driverFor } from '../../src/drivers';
import type { Source } from '../../src/drivers/driver';
import type { CallRequest } from '../../src/drivers/procedure';
import { describeEngine, freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { collectCall, type CollectedCall } from './collect-call';
import { connectOptions, eventually, failure, never } from './driver-contract';

describeEngine('postgresql', () => {
  let database: FreshDatabase;
  let admin: Client;
  let source: Source;

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    admin = new Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(`
      create schema "Odd ""Shop";
      create table orders (id int primary key, total numeric(10,2), note text);
      insert into orders select n, n * 1.5, 'note ' || n from generate_series(1, 5000) n;
      create type pair as (a int, b text);
      create type mood as enum ('good', 'bad');
      create domain positive as int check (value > 0);

      create function add(a int, b int default 10) returns int language sql as 'select a + b';
      create function nothing() returns void language sql as 'select 1';
      create function of_orders(lowest int) returns setof orders language sql stable as 'select * from orders where id >= lowest order by id';
      create function of_table(n int) returns table (a int, b text) language plpgsql as $$ begin return query select g, 'r' || g from generate_series(1, n) g; end $$;
      create function of_scalars(n int) returns setof bigint language sql as 'select generate_series(1, n)::bigint';
      create function of_record(a int, out x int, out y text) language sql as $$ select a, 'y' || a $$;
      create function of_pair() returns pair language sql as $$ select 1, 'b' $$;
      create function of_any() returns setof record language sql as 'select 1, 2';
      create function echo(a anyelement) returns anyelement language sql as 'select a';
      create function opens(n int) returns setof refcursor language plpgsql as $$
        declare c refcursor; begin
          for i in 1..n loop c := null; open c for select i as no, id from orders order by id limit i; return next c; end loop;
        end $$;
      create function opens_one() returns refcursor language plpgsql as $$ declare c refcursor := 'the "one"'; begin open c for select * from orders order by id; return c; end $$;
      create function mixed(out total int, out first refcursor, out second refcursor) language plpgsql as $$ begin
        total := 7; first := 'c1'; open first for select 1 as a; open second for select 'x' as b, 2 as c; end $$;
      create function sum_all(variadic n int[]) returns int language sql as 'select sum(x)::int from unnest(n) x';
      create function kinds(a jsonb, b int[], c mood, d positive, e timestamptz, f bytea) returns text language sql as
        $$ select concat_ws('|', a, b, c, d, e, f) $$;
      create function of_time(out t timestamptz, out j json, out n numeric, out flag bool, out empty int) language sql as
        $$ select '2026-01-02 03:04:05+00'::timestamptz, '{"a": 1.50}'::json, 1.50, true, null::int $$;
      create function overload(a int) returns text language sql as $$ select 'int' $$;
      create function overload(a text) returns text language sql as $$ select 'text' $$;
      create function overload(a int, b int) returns text language sql as $$ select 'two' $$;
      create function unnamed(int, int) returns int language sql as 'select $1 - $2';

      create procedure renumber(a int, inout b int, out c text) language plpgsql as $$ begin b := a + b; c := 'c' || b; end $$;
      create procedure adds(inout added int default 0) language plpgsql as $$ begin
        insert into orders select n, 0, null from generate_series(10001, 10003) n; get diagnostics added = row_count; end $$;
      create procedure commits() language plpgsql as $$ begin commit; end $$;
      create procedure begins_to_write() language plpgsql as $$ begin set transaction read write; insert into orders values (9999); end $$;
      create procedure loops() language plpgsql as $$ begin loop perform 1; end loop; end $$;
      create procedure catches() language plpgsql as $$ begin
        loop begin perform pg_sleep(0.05); exception when query_canceled then null; end; end loop; end $$;
      create procedure tells() language plpgsql as $$ begin raise exception 'secret %', (select note from orders where id = 7); end $$;
      create procedure fails() language plpgsql as $$ begin execute 'select ' || (select note from orders where id = 7) || ' from'; end $$;
      create procedure claims() language plpgsql as $$ begin raise exception 'gone' using errcode = '08006'; end $$;
      create procedure leaves() language plpgsql as $$ begin
        perform set_config('search_path', 'pg_catalog', false), set_config('my.trace', 'left', false), pg_advisory_lock(77); end $$;
      create procedure "Odd ""Shop"."do; drop table orders --"(inout "a ""b" int) language plpgsql as $$ begin "a ""b" := "a ""b" + 1; end $$;
      create function definer() returns int language sql security definer as 'select 1';
    `);
    const driver = await driverFor('postgresql');
    const { host, port, database: name, username, password } = database;
    const config = driver.parseConfig({ host, port, database: name, username, password, ssl: false });
    source = await driver.connect(config, connectOptions({ maxSessions: 2 }), never);
  });
  afterAll(async () => {
    await source?.close(0);
    await admin?.end();
    await database?.drop();
  });
  afterEach(() => eventually(() => (source?.pool().busy ?? 0) === 0));

  const request = (
    name: string,
    args: CallRequest['arguments'] = [],
    more: Partial<CallRequest> = {},
  ): CallRequest => ({
    procedure: { schema: 'public', name },
    arguments: args,
    access: 'read',
    timeoutMs: 20_000,
    ...more,
  });
  const call = (...given: Parameters<typeof request>): Promise<CollectedCall> =>
    collectCall(source, request(...given));
  const code = async (...given: Parameters<typeof request>): Promise<string> =>
    (await failure(call(...given))).code;
  const countOrders = async (): Promise<number> =>
    Number((await admin.query('select count(*) as n from orders')).rows[0].n);

  it('gives the value of a function, with and without its defaults, by place and by name', async () => {
    expect((await call('add', [1, 2])).out).toEqual({ return: 3 });
    expect((await call('add', [1])).out).toEqual({ return: 11 });
    expect((await call('add', { b: 5, a: 1 })).out).toEqual({ return: 6 });
    expect((await call('unnamed', [5, 3])).out).toEqual({ return: 2 });
    expect((await call('sum_all', [[1, 2, 3]])).out).toEqual({ return: 6 });
    expect(await call('nothing')).toMatchObject({ out: {}, sets: [] });
  });

  it('types parameters as the catalog does', async () => {
    const { out } = await call('kinds', [{ a: [1] }, [1, null], 'good', 5, '2026-01-01', '\\x6869']);
    expect(out).toEqual({ return: '{"a": [1]}|{1,NULL}|good|5|2026-01-01 00:00:00+00|\\x6869' });
    expect(await code('add', ['x'])).toBe('query.invalid_value');
    expect(await code('kinds', [{}, [], 'ugly', 5, '2026-01-01', ''])).toBe('query.invalid_value');
  });

  it('gives values in their canonical form', async () => {
    const { out, outTypes } = await call('of_time');
    expect(out).toMatchObject({ t: '2026-01-02T03:04:05Z', n: '1.50', flag: true, empty: null });
    expect(outTypes).toEqual({
      t: 'timestamptz',
      j: 'json',
      n: 'decimal',
      flag: 'boolean',
      empty: 'integer',
    });
  });

  it('gives records as values', async () => {
    expect((await call('of_record', [4])).out).toEqual({ x: 4, y: 'y4' });
    expect((await call('of_pair')).out).toEqual({ a: 1, b: 'b' });
  });

  it('gives sets as results, in whole', async () => {
    const { sets, out } = await call('of_orders', [1]);
    expect([sets.length, sets[0]!.rows.length, sets[0]!.rows[4999], out]).toEqual([
      1,
      5000,
      [5000, '7500.00', 'note 5000'],
      {},
    ]);
    expect((await call('of_table', [2])).sets).toMatchObject([{ name: null, rows: [[1, 'r1'], [2, 'r2']] }]); // prettier-ignore
    expect((await call('of_scalars', [2500])).sets[0]!.rows.at(-1)).toEqual(['2500']);
    const none = await call('of_orders', [90000]);
    expect(none.sets).toMatchObject([{ rows: [] }]);
    expect(none.sets[0]!.columns.map(({ name }) => name)).toEqual(['id', 'total', 'note']);
  });

  it('gives what OUT and INOUT parameters hold', async () => {
    expect((await call('renumber', [2, 3])).out).toEqual({ b: 5, c: 'c5' });
    expect((await call('renumber', { b: 3, a: 2 })).out).toEqual({ b: 5, c: 'c5' });
  });

  it('gives each open cursor as a result of its own', async () => {
    const mixed = await call('mixed');
    expect(mixed.out).toEqual({ total: 7 });
    expect(mixed.sets).toMatchObject([
      { name: 'first', rows: [[1]] },
      { name: 'second', rows: [['x', 2]] },
    ]);
    const { sets } = await call('opens', [3]);
    expect(sets.map(({ rows }) => rows)).toEqual([
      [[1, 1]],
      [[2, 1], [2, 2]], // prettier-ignore
      [[3, 1], [3, 2], [3, 3]], // prettier-ignore
    ]);
    expect((await call('opens_one')).sets[0]!.rows.length).toBe(5000);
    expect(await code('opens', [101])).toBe('query.too_complex');
  });

  it('skips what nobody reads of a result', async () => {
    for (const name of ['opens_one', 'of_orders']) {
      await using results = await source.call(request(name, name === 'of_orders' ? [1] : []), never);
      const set = await results.next();
      expect(await set!.read(2)).toMatchObject(
        [[1], [2]].map(([id]) => [id, expect.anything(), expect.anything()]),
      );
      expect(await results.next()).toBeNull();
      expect(await set!.read(2)).toEqual([]);
    }
  });

  it('calls one overload, or none', async () => {
    expect((await call('overload', [1])).out).toEqual({ return: 'int' });
    expect((await call('overload', ['1'])).out).toEqual({ return: 'text' });
    expect((await call('overload', [1, 1])).out).toEqual({ return: 'two' });
    const error = await failure(call('overload', [null]));
    expect(error.message).toBe(
      'Several procedures take these parameters: public.overload(a integer); public.overload(a text)',
    );
    expect(await code('overload', [1, 1, 1])).toBe('query.invalid_parameter');
    expect(await code('add', { a: 1, c: 2 })).toBe('query.invalid_parameter');
    expect(await code('no_such_thing')).toBe('query.unknown_object');
    expect(await code('count', [1])).toBe('query.unknown_object');
  });

  it('refuses what cannot be called', async () => {
    expect(await code('of_any')).toBe('query.unsupported');
    expect(await code('echo', [1])).toBe('query.unsupported');
  });

  it('quotes whatever names there are', async () => {
    const procedure = { schema: 'Odd "Shop', name: 'do; drop table orders --' };
    const { out } = await collectCall(source, { ...request(''), procedure, arguments: { 'a "b': 41 } });
    expect(out).toEqual({ 'a "b': 42 });
    expect(await countOrders()).toBe(5000);
  });

  it('lets nothing write in a call that reads', async () => {
    const error = await failure(call('adds'));
    expect([error.code, error.message]).toEqual([
      'query.read_only',
      'The call runs in a read-only transaction, and the procedure tried to write',
    ]);
    expect(await code('begins_to_write')).toBe('query.unsupported');
    expect(await countOrders()).toBe(5000);
  });

  it('writes when it may, as many rows as it may', async () => {
    expect(await code('adds', [], { access: 'write', maxChangedRows: 2 })).toBe('query.write_too_large');
    expect(await countOrders()).toBe(5000);
    const written = await call('adds', [], { access: 'write', maxChangedRows: 3 });
    expect(written).toMatchObject({ out: { added: 3 }, affectedRows: 3 });
    expect(await countOrders()).toBe(5003);
    await admin.query('delete from orders where id > 10000');
  });

  it('undoes a write that nobody takes to its end', async () => {
    const results = await source.call(request('adds', [], { access: 'write' }), never);
    await results[Symbol.asyncDispose]();
    expect(await countOrders()).toBe(5000);
  });

  it('refuses procedures that end the transaction', async () => {
    for (const access of ['read', 'write'] as const) {
      const error = await failure(call('commits', [], { access }));
      expect([error.code, error.message]).toEqual([
        'query.unsupported',
        'A procedure cannot begin or end the transaction that it runs in',
      ]);
    }
  });

  it('tells nothing that a procedure says', async () => {
    for (const name of ['tells', 'fails']) {
      const error = await failure(call(name));
      expect(error.message).not.toContain('note');
      expect(error.extra.sqlState).toEqual(expect.any(String));
      expect(error.extra.position).toBeUndefined();
    }
  });

  it('does not take the word of a procedure for the state of the connection', async () => {
    expect(await code('claims')).toBe('query.database_error');
  });

  it('stops on the server at the deadline and when told to', async () => {
    expect(await code('loops', [], { timeoutMs: 300 })).toBe('query.timeout');
    for (const name of ['loops', 'catches']) {
      const stop = new AbortController();
      const calling = failure(collectCall(source, request(name), stop.signal));
      const running = async (): Promise<boolean> =>
        (
          await admin.query(
            `select 1 from pg_stat_activity where state = 'active' and query like '%${name}"%' and pid <> pg_backend_pid()`,
          )
        ).rows.length > 0;
      await eventually(running);
      stop.abort('cancelled');
      expect((await calling).code).toBe('query.cancelled');
      await eventually(async () => !(await running()));
    }
    expect((await call('add', [1, 2])).out).toEqual({ return: 3 });
  });

  it('leaves nothing in the session', async () => {
    for (let round = 0; round < 3; round++) await call('leaves');
    await eventually(() => source.pool().busy === 0);
    await using cursor = await source.query(
      {
        text: `select coalesce(current_setting('my.trace', true), ''), current_setting('search_path'),
          (select count(*)::int from pg_locks join pg_database on oid = database
            where locktype = 'advisory' and datname = current_database())`,
        values: [],
        access: 'read',
        timeoutMs: 5_000,
      },
      never,
    );
    expect(await cursor.read(1)).toEqual([['', '"public"', 0]]);
  });

  it('gives nothing of a call whose procedure was replaced while it ran', async () => {
    await admin.query('select pg_advisory_lock(1852797985)');
    await admin.query(
      `create function slowly() returns int language plpgsql as $$ begin perform pg_advisory_xact_lock(1852797985); return 1; end $$`,
    );
    const calling = failure(call('slowly'));
    await eventually(
      async () => (await admin.query(`select 1 from pg_stat_activity where query like '%slowly"(%' and state = 'active' and pid <> pg_backend_pid()`)).rows.length > 0, // prettier-ignore
    );
    await admin.query(
      `create or replace function slowly() returns int language plpgsql as $$ begin return 2; end $$`,
    );
    await admin.query('select pg_advisory_unlock(1852797985)');
    expect((await calling).code).toBe('query.schema_changed');
    expect((await call('slowly')).out).toEqual({ return: 2 });
  });

  it('gives nothing where a relation is not what was expected', async () => {
    const [described] = await source.describe([{ schema: 'public', name: 'orders' }], never);
    const expects = [{ schema: 'public', name: 'orders', version: described!.version }];
    expect((await call('add', [1, 2], { expects })).out).toEqual({ return: 3 });
    expect(await code('add', [1, 2], { expects: [{ ...expects[0]!, version: 'other' }] })).toBe(
      'query.schema_changed',
    );
    expect(await code('adds', [], { access: 'write', expects: [{ ...expects[0]!, version: null }] })).toBe(
      'query.schema_changed',
    );
    expect(await countOrders()).toBe(5000);
  });

  it('lists what there is, with what it takes', async () => {
    const all = await source.procedures(null, never);
    const found = (name: string) => all.find((one) => one.name === name);
    expect(found('renumber')).toMatchObject({
      schema: 'public',
      kind: 'procedure',
      returns: null,
      definerRights: false,
      parameters: [
        { name: 'a', mode: 'in', type: 'integer', optional: false },
        { name: 'b', mode: 'inout', type: 'integer' },
        { name: 'c', mode: 'out', type: 'text' },
      ],
    });
    expect(found('add')?.parameters.map(({ optional }) => optional)).toEqual([false, true]);
    expect(found('of_orders')).toMatchObject({ kind: 'function', returns: 'orders', returnsSet: true });
    expect(found('definer')).toMatchObject({ definerRights: true });
    expect(all.filter(({ name }) => name === 'overload').length).toBe(3);
    expect(all.some(({ schema }) => schema === 'pg_catalog')).toBe(false);
    expect((await source.procedures([{ schema: 'public', name: 'overload' }], never)).length).toBe(3);
    expect(await source.procedures([], never)).toEqual([]);
  });
});
