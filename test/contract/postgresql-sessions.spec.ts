import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { AppError } from '../../src/common/app-error';
import { driverFor } from '../../src/drivers';
import type { Source } from '../../src/drivers/driver';
import { describeEngine, freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { collect, connectOptions, eventually, failure, never, request } from './driver-contract';

describeEngine('postgresql', () => {
  let database: FreshDatabase;
  let source: Source;
  let admin: Client;

  const one = async (text: string) => (await collect(source, request({ text }))).rows[0]?.[0];
  const write = (text: string) => collect(source, request({ text }, { access: 'write' }));

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    admin = new Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(`
      create table kept (n int);
      create role other_role;
      create sequence counted;
      create procedure committing() language plpgsql as $$ begin insert into kept values (1); commit; end $$;
      create function meddling() returns int language plpgsql as $$
        begin perform set_config('transaction_read_only', 'off', true); insert into kept values (2); return 1; end $$`);
    const driver = await driverFor('postgresql');
    const config = driver.parseConfig({ connectionString: database.url, ssl: false });
    // one session: whatever a statement leaves behind, the next one meets
    source = await driver.connect(config, connectOptions({ maxSessions: 1 }), never);
  });

  afterAll(async () => {
    await source?.close();
    await admin?.query('drop owned by other_role; drop role other_role');
    await admin?.end();
    await database?.drop();
  });

  describe('a session keeps nothing for its next caller', () => {
    const traces: readonly (readonly [name: string, leave: string, look: string])[] = [
      ['a setting', "select set_config('search_path', 'pg_temp', false)", 'show search_path'],
      ['a role', "select set_config('role', 'other_role', false)", 'select current_user::text'],
      [
        'a session authorisation',
        "select set_config('session_authorization', 'other_role', false)",
        'select session_user::text',
      ],
      ['a limit of time', "select set_config('statement_timeout', '1', false)", 'show statement_timeout'],
      ['a time zone', "select set_config('TimeZone', 'Asia/Tokyo', false)", 'show timezone'],
      [
        'an advisory lock',
        'select pg_advisory_lock(4711)',
        "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
      ],
      [
        'a temporary table',
        'select 1 as a into temporary left_behind',
        "select to_regclass('pg_temp.left_behind')::text",
      ],
      ['the last value of a sequence', "select nextval('counted')", 'select lastval()'],
      [
        'a prepared statement',
        "do $$ begin execute 'prepare p as select 1'; end $$",
        'select count(*) from pg_prepared_statements',
      ],
      [
        'a cursor',
        "do $$ begin execute 'declare c cursor with hold for select 1'; end $$",
        'select count(*) from pg_cursors',
      ],
      ['a channel', "do $$ begin execute 'listen c'; end $$", 'select count(*) from pg_listening_channels()'],
    ];

    it.each(traces)('not %s', async (_name, leave, look) => {
      const before = await one(look).catch((error: AppError) => error.extra['sqlState']);
      const pid = await one('select pg_backend_pid()');
      for (const access of ['read', 'write'] as const) {
        for (const maxRows of [undefined, 10]) {
          await collect(source, request({ text: leave }, { access, maxRows })).catch(() => undefined);
          expect(await one(look).catch((error: AppError) => error.extra['sqlState'])).toEqual(before);
        }
      }
      expect(await one('select pg_backend_pid()')).toBe(pid);
    });

    it('not even what was done before an error or a stop', async () => {
      const text =
        "select set_config('work_mem', '64kB', false), pg_advisory_lock(1), 1 / (n - 3) from generate_series(1, 5) n";
      const before = await one('show work_mem');
      await failure(collect(source, request({ text })));
      expect(await one('show work_mem')).toBe(before);
      const stop = new AbortController();
      const work = failure(
        collect(source, request({ text: 'select pg_advisory_lock(2), pg_sleep(30)' }), stop.signal),
      );
      setTimeout(() => stop.abort('cancelled'), 50);
      await work;
      expect(
        await one("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"),
      ).toBe('0');
    });
  });

  describe('a stateless read', () => {
    const stateless = (text: string, values: unknown[] = []): Promise<unknown[]> =>
      collect(source, request({ text, values }, { maxRows: 10, stateless: true })).then(
        ({ rows }) => rows[0] as unknown[],
      );
    const prepared = "select count(*) from pg_prepared_statements where name like 'sluice%'";

    it('stays prepared in its session, with its columns', async () => {
      await one('select 1');
      const text = 'select $1::int as n, 2 as two';
      const first = await collect(source, request({ text, values: [1] }, { maxRows: 10, stateless: true }));
      const again = await collect(source, request({ text, values: [7] }, { maxRows: 10, stateless: true }));
      expect([first.rows, again.rows]).toEqual([[[1, 2]], [[7, 2]]]);
      expect(again.columns).toEqual(first.columns);
      // the look and what gives locks back are two of them
      expect(await stateless(prepared)).toEqual(['3']);
      expect(await stateless(prepared)).toEqual(['3']);
    });

    it('follows a table whose columns change', async () => {
      await admin.query('create table changing(a int); insert into changing values (1)');
      expect(await stateless('select * from changing')).toEqual([1]);
      expect(await stateless('select * from changing')).toEqual([1]);
      await admin.query("alter table changing alter a type text using 'x' || a, add b int default 5");
      expect(await stateless('select * from changing')).toEqual(['x1', 5]);
      await admin.query('drop table changing');
      await expect(stateless('select * from changing')).rejects.toMatchObject({
        code: 'query.unknown_object',
      });
    });

    it('keeps no more than a bounded number, and none after a statement that may leave state', async () => {
      for (let n = 0; n < 130; n += 1) expect(await stateless(`select ${n} as n`)).toEqual([n]);
      expect(Number((await stateless(prepared))[0])).toBeLessThanOrEqual(100);
      await one('select 1');
      expect(await stateless(prepared)).toEqual(['1']);
    });

    it('leaves neither settings nor locks, though a view has taken them', async () => {
      await admin.query(
        "create view taking as select pg_try_advisory_lock(99) as taken, set_config('work_mem', '64kB', false) as set",
      );
      const before = await one('show work_mem');
      await stateless('select * from taking');
      expect(
        await stateless(
          "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
        ),
      ).toEqual(['0']);
      expect(await one('show work_mem')).toBe(before);
    });
  });

  describe('a read-only transaction', () => {
    it.each([
      'call committing()',
      'select meddling()',
      "select set_config('transaction_read_only', 'off', true)",
      'explain analyze insert into kept values (5)',
      'select * into kept2 from kept',
      'select * from kept for update',
      'truncate kept',
      'refresh materialized view nothing',
      'vacuum',
      'alter system set work_mem = 1',
      'do $$ begin commit; insert into kept values (6); end $$',
      "prepare transaction 'x'",
      'start transaction read write',
      'end',
      'copy kept from stdin',
      'copy kept to stdout',
      'select lo_create(0)',
    ])('is not left by: %s', async (text) => {
      for (const maxRows of [undefined, 10]) {
        await failure(collect(source, request({ text }, { maxRows })));
      }
      expect((await admin.query<{ n: number }>('select count(*)::int as n from kept')).rows[0]?.n).toBe(0);
      expect(await one('select 1')).toBe(1);
    });
  });

  describe('a write', () => {
    it('is there when its rows were read to the end', async () => {
      expect((await write('insert into kept values (10), (11) returning n')).rows).toEqual([[10], [11]]);
      expect(await one('select count(*) from kept')).toBe('2');
      await write('delete from kept');
    });

    // The last of four mebibytes, which are kept for somebody who does not read, arrives with the end of the statement.
    it('is committed when its rows are read once all of them have come', async () => {
      const text = `insert into kept select generate_series(1, 4160) returning n, repeat('x', 1000)`;
      const cursor = await source.query(request({ text }, { access: 'write' }), never);
      await sleep(500);
      let count = 0;
      for (let some = await cursor.read(1000); some.length > 0; some = await cursor.read(1000))
        count += some.length;
      await cursor[Symbol.asyncDispose]();
      expect(count).toBe(4160);
      expect(await one('select count(*) from kept')).toBe('4160');
      await write('delete from kept');
    });

    it('is undone when the cursor is disposed before its end', async () => {
      const request10 = request(
        { text: 'insert into kept select generate_series(1, 100) returning n' },
        { access: 'write' },
      );
      const cursor = await source.query(request10, never);
      expect(await cursor.read(10)).toHaveLength(10);
      expect(cursor.affectedRows).toBeNull();
      await cursor[Symbol.asyncDispose]();
      expect(await one('select count(*) from kept')).toBe('0');
    });

    it('is undone when a constraint refuses it at the commit', async () => {
      await write('create table checked (n int unique deferrable initially deferred)');
      const error = await failure(write('insert into checked values (1), (1)'));
      expect(error.code).toBe('query.constraint');
      expect(error.message).not.toContain('(1)');
      expect(await one('select count(*) from checked')).toBe('0');
    });

    it('counts the rows of every kind of change', async () => {
      expect((await write('insert into kept values (1), (2), (3)')).affectedRows).toBe(3);
      expect((await write('update kept set n = n + 1 where n > 1')).affectedRows).toBe(2);
      expect((await write('create table made (a int)')).affectedRows).toBe(0);
      expect((await write('delete from kept')).affectedRows).toBe(3);
    });
  });

  it('holds rows nobody reads back in the server, also when they are few and large', async () => {
    const text = "select repeat('x', 1000000) from generate_series(1, 300)";
    const before = process.memoryUsage.rss();
    const cursor = await source.query(request({ text }, { maxRows: 300 }), never);
    await new Promise((resolve) => {
      setTimeout(resolve, 500);
    });
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024);
    let rows = 0;
    for (;;) {
      const more = await cursor.read(10);
      rows += more.length;
      if (more.length < 10) break;
    }
    expect(rows).toBe(300);
    await eventually(() => source.pool().busy === 0);
  });

  it('counts every row that a write changes, whatever changes it', async () => {
    await admin.query(`
      create table parent (id int primary key); create table child (id int references parent on delete cascade);
      create table noted (id int);
      create function note() returns trigger language plpgsql as
        $f$ begin insert into noted select new.id from generate_series(1, 3); return new; end $f$;
      create trigger noting after insert on parent for each row execute function note();
      create table sliced (id int) partition by range (id);
      create table slice partition of sliced for values from (0) to (100);
      insert into parent values (1); insert into child select 1 from generate_series(1, 10)`);
    const state = async () =>
      (
        await admin.query(
          'select (select count(*) from parent) p, (select count(*) from child) c, (select count(*) from noted) n, (select count(*) from sliced) s',
        )
      ).rows[0];
    const before = await state();
    const bounded = (text: string, maxChangedRows: number) =>
      collect(source, request({ text }, { access: 'write', maxChangedRows }));
    const cases: readonly (readonly [text: string, rows: number])[] = [
      ['delete from parent where id = 1', 11],
      ['insert into parent values (2)', 4],
      [
        'with w as (insert into noted select 1 from generate_series(1, 5) returning id) select count(*) from w',
        5,
      ],
      ['with w as (delete from child returning id) insert into noted select id from w', 20],
      ['insert into sliced select g from generate_series(1, 7) g', 7],
      ['insert into noted select 1 from generate_series(1, 6) returning id', 6],
      ['update noted set id = id + 1', 3],
    ];
    for (const [text, rows] of cases) {
      expect((await failure(bounded(text, rows - 1))).code).toBe('query.write_too_large');
      expect(await state()).toEqual(before);
    }
    // rows that are only read do not count, nor does what the session has written before
    const read =
      'with w as (insert into noted values (1) returning id) select g from w, generate_series(1, 500) g';
    expect((await bounded(read, 1)).rows).toHaveLength(500);
    for (const [text, rows] of cases) await bounded(text, rows + 40);
    await admin.query('drop table parent, child, noted, sliced');
  });

  it('reports what the account may do', async () => {
    const report = await source.test(never);
    expect(report.readOnlyAccount).toBe(false);
    expect(report.warnings[0]).toMatchObject({ code: 'account_is_superuser' });
  });

  it('finds an account of its own script harmless, and one with a single right not', async () => {
    const driver = await driverFor('postgresql');
    const username = `${database.database} "reader"`;
    const config = driver.parseConfig({ connectionString: database.url, ssl: false });
    for (const statement of driver.readOnlyAccountScript(config, { username }) ?? []) {
      await admin.query(statement);
    }
    const input = { ...driver.publicConfig(config), username, password: '<choose-a-password>' };
    const open = () => driver.connect(driver.parseConfig(input), connectOptions(), never);
    const reader = await open();
    expect(await reader.test(never)).toMatchObject({ readOnlyAccount: true, account: [], warnings: [] });
    expect((await collect(reader, request({ text: 'select * from kept' }))).columns).toHaveLength(1);
    expect(
      (await failure(collect(reader, request({ text: 'insert into kept values (1)' }, { access: 'write' }))))
        .code,
    ).toBe('connection.privilege_missing');
    await admin.query(`grant update (n) on kept to "${username.replaceAll('"', '""')}"`);
    const report = await reader.test(never);
    expect(report).toMatchObject({ readOnlyAccount: false, account: [{ code: 'write_tables' }] });
    for (const statement of report.warnings[0]?.statements ?? []) await admin.query(statement);
    expect((await reader.test(never)).account).toEqual([]);
    await reader.close();
    await admin.query(
      `drop owned by "${username.replaceAll('"', '""')}"; drop role "${username.replaceAll('"', '""')}"`,
    );
  });

  it('names everything that an account could do, by whatever way it could', async () => {
    const role = `${database.database}_clerk`;
    const group = `${database.database}_group`;
    const driver = await driverFor('postgresql');
    const config = driver.parseConfig({ connectionString: database.url, ssl: false });
    for (const statement of driver.readOnlyAccountScript(config, { username: role }) ?? [])
      await admin.query(statement);
    const input = { ...driver.publicConfig(config), username: role, password: '<choose-a-password>' };
    const clerk = await driver.connect(driver.parseConfig(input), connectOptions(), never);
    // each is taken back before the next, so that none hides behind another
    const cases: readonly (readonly [code: string, object: string, give: string, take: string])[] = [
      ['govern_accounts', role, `alter role ${role} createrole`, `alter role ${role} nocreaterole`],
      ['create_databases', role, `alter role ${role} createdb`, `alter role ${role} nocreatedb`],
      ['administer_server', role, `alter role ${role} replication`, `alter role ${role} noreplication`],
      ['bypass_row_security', role, `alter role ${role} bypassrls`, `alter role ${role} nobypassrls`],
      [
        'use_sequences write_tables',
        'pg_write_all_data',
        `grant pg_write_all_data to ${role}`,
        `revoke pg_write_all_data from ${role}`,
      ],
      [
        'server_files',
        'pg_execute_server_program',
        `grant pg_execute_server_program to ${role}`,
        `revoke pg_execute_server_program from ${role}`,
      ],
      [
        'write_tables',
        'public.kept',
        // a role that hands its rights out only after SET ROLE
        `create role ${group}; grant insert on kept to ${group}; alter role ${role} noinherit; grant ${group} to ${role}`,
        `drop owned by ${group}; drop role ${group}; alter role ${role} inherit`,
      ],
      [
        'use_sequences',
        'public.counted',
        `grant usage on sequence counted to ${role}`,
        `revoke usage on sequence counted from ${role}`,
      ],
      [
        'temporary_objects',
        `database ${database.database}`,
        `grant temporary on database ${database.database} to ${role}`,
        `revoke temporary on database ${database.database} from ${role}`,
      ],
      [
        'create_objects',
        'schema public',
        'grant create on schema public to public',
        'revoke create on schema public from public',
      ],
      [
        'definer_programs',
        'public.as_owner',
        'create function as_owner() returns int security definer language sql as $$ select 1 $$',
        'drop function as_owner',
      ],
      [
        'writing_functions',
        'lo_create',
        'grant execute on function lo_create(oid) to public',
        'revoke execute on function lo_create(oid) from public',
      ],
      [
        'writing_functions',
        'large object 4711',
        `select lo_create(4711); grant update on large object 4711 to ${role}`,
        'select lo_unlink(4711)',
      ],
      [
        'read_server_files',
        'pg_read_file',
        `grant execute on function pg_read_file(text) to ${role}`,
        `revoke execute on function pg_read_file(text) from ${role}`,
      ],
      [
        'foreign_servers',
        'elsewhere',
        `create extension postgres_fdw; create server elsewhere foreign data wrapper postgres_fdw; grant usage on foreign server elsewhere to ${role}; revoke execute on all functions in schema public from public`,
        'drop extension postgres_fdw cascade',
      ],
      ['untrusted_programs', 'public.dblink', 'create extension dblink', 'drop extension dblink'],
    ];
    try {
      expect((await clerk.test(never)).account).toEqual([]);
      for (const [code, object, give, take] of cases) {
        await admin.query(give);
        const { account, readOnlyAccount } = await clerk.test(never);
        expect(account?.map((power) => power.code)).toEqual(code.split(' '));
        expect(account?.at(-1)?.detail).toContain(object);
        expect(readOnlyAccount).toBe(code === 'bypass_row_security' || code === 'read_server_files');
        await admin.query(take);
      }
      await admin.query(
        `create table clerks (n int); alter table clerks owner to ${role}; revoke all on clerks from ${role}`,
      );
      expect((await clerk.test(never)).account).toEqual([
        { code: 'own_objects', detail: 'It owns: public.clerks.' },
      ]);
    } finally {
      await clerk.close();
      await admin.query(
        `drop owned by ${role}; drop role ${role}; grant execute on all functions in schema public to public`,
      );
    }
  });

  it('introspects 10,000 tables with a handful of statements', async () => {
    await admin.query('create schema many');
    await admin.query(
      "do $$ begin for i in 1..10000 loop execute format('create table many.t%s (id int primary key, name text)', i); if i % 1000 = 0 then commit; end if; end loop; end $$",
    );
    const tables = await source.introspect(never);
    expect(tables.filter((table) => table.schema === 'many')).toHaveLength(10_000);
    expect(tables.find((table) => table.name === 't10000')?.columns.map((column) => column.name)).toEqual([
      'id',
      'name',
    ]);
  }, 120_000);
});
