import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { createConnection, type Connection } from 'mysql2/promise';
import { Client } from 'pg';
import type { AppError } from '../../src/common/app-error';
import { driverFor } from '../../src/drivers';
import type { ConnectionInput, ConnectionType, QueryRequest, Source } from '../../src/drivers/driver';
import { collect, connectOptions, never, request } from '../contract/driver-contract';
import {
  describeEngine,
  freshMariadbDatabase,
  freshPostgresDatabase,
  type FreshDatabase,
} from '../servers/servers';

/** A pool of one session: whatever one caller leaves behind, the next one meets. */
async function oneSession(type: ConnectionType, input: ConnectionInput): Promise<Source> {
  const driver = await driverFor(type);
  return driver.connect(driver.parseConfig(input), connectOptions({ maxSessions: 1 }), never);
}

/** What a look finds: the first cell, or the code of its failure. */
async function found(source: Source, text: string): Promise<unknown> {
  return collect(source, request({ text })).then(
    ({ rows }) => rows[0]?.[0],
    (error: AppError) => error.code,
  );
}

async function leave(source: Source, text: string, how: Partial<QueryRequest>): Promise<void> {
  await collect(source, request({ text }, how)).catch(() => undefined);
}

describeEngine('postgresql', () => {
  let database: FreshDatabase;
  let admin: Client;
  let source: Source;

  /** By functions that only the owner of the database can have made. */
  const traces: readonly (readonly [name: string, leaving: string, look: string])[] = [
    ['a setting', "perform set_config('work_mem', '64kB', false)", 'show work_mem'],
    [
      'a setting of its own',
      "perform set_config('my.mark', 'left', false)",
      "select nullif(current_setting('my.mark', true), '')",
    ],
    ['a time zone', "perform set_config('TimeZone', 'Asia/Tokyo', false)", 'show timezone'],
    ['a role', "execute 'set role pg_monitor'", 'select current_user::text'],
    ['a search path', "perform set_config('search_path', 'pg_temp', false)", 'show search_path'],
    [
      'a temporary table',
      "execute 'create temporary table mark (n int)'",
      "select to_regclass('pg_temp.mark')::text",
    ],
    [
      'an advisory lock',
      'perform pg_advisory_lock(4711)',
      "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
    ],
    [
      'a shared advisory lock',
      'perform pg_advisory_lock_shared(1, 2)',
      "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
    ],
    ['a channel', "execute 'listen mark'", 'select count(*) from pg_listening_channels()'],
    ['a cursor', "execute 'declare mark cursor with hold for select 1'", 'select count(*) from pg_cursors'],
    ['a sequence', "perform nextval('counted')", 'select lastval()'],
  ];

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    admin = new Client({ connectionString: database.url });
    await admin.connect();
    await admin.query('create sequence counted');
    for (const [index, [, leaving]] of traces.entries()) {
      await admin.query(
        `create function leave_${index}() returns int language plpgsql as $f$ begin ${leaving}; return 1; end $f$;
         create view leaving_${index} as select leave_${index}() as left_behind`,
      );
    }
    source = await oneSession('postgresql', { connectionString: database.url, ssl: false });
  });
  afterAll(async () => {
    await source?.close();
    await admin?.end();
    await database?.drop();
  });

  const resets: readonly (readonly [string, Partial<QueryRequest>])[] = [
    ['after a read', {}],
    ['after a short read', { maxRows: 10 }],
    ['after a write', { access: 'write' }],
    // the analysis does not see into a view: the cheaper reset must do as well
    ['after a stateless read', { maxRows: 10, stateless: true }],
  ];
  describe.each(resets)('%s', (_name, how) => {
    it.each(traces.map(([name, , look], index) => [name, index, look] as const))(
      '%s is not met by the next caller',
      async (_trace, index, look) => {
        const before = await found(source, look);
        const session = await found(source, 'select pg_backend_pid()');
        await leave(source, `select * from leaving_${index}`, how);
        expect(await found(source, look)).toEqual(before);
        expect(await found(source, 'select pg_backend_pid()')).toBe(session);
      },
    );
  });

  it('what is prepared under a name cannot be run by the next caller, however it came there', async () => {
    await admin.query(`create function leave_prepared() returns int language plpgsql as
      $f$ begin execute 'prepare mark as select 4711 as secret'; return 1; end $f$;
      create view leaving_prepared as select leave_prepared() as left_behind`);
    for (const [, how] of resets) {
      await leave(source, 'select * from leaving_prepared', how);
      expect(await found(source, 'execute mark')).toBe('query.unsupported');
    }
  });
});

describeEngine('mariadb', () => {
  let database: FreshDatabase;
  let admin: Connection;
  let source: Source;

  const traces: readonly (readonly [name: string, leaving: string, look: string])[] = [
    ['a setting', 'set session max_heap_table_size = 16384', 'select @@max_heap_table_size'],
    ['a mode', "set session sql_mode = 'ANSI_QUOTES'", 'select @@sql_mode'],
    ['a time zone', "set time_zone = '+09:00'", 'select @@time_zone'],
    ['a character set', 'set names latin1', 'select @@character_set_client'],
    ['an access mode', 'set session transaction read only', 'select @@tx_read_only'],
    ['a limit of time', 'set max_statement_time = 0.001', 'select @@max_statement_time'],
    ['autocommit', 'set autocommit = 0', 'select @@autocommit'],
    ['a database', 'begin execute immediate "use mysql"; end', 'select database()'],
    ['a user variable', 'set @mark = 7', 'select @mark'],
    ['a lock by name', "do get_lock('mark', 0)", "select is_used_lock('mark')"],
    ['a temporary table', 'create temporary table mark (n int)', 'select * from mark'],
    [
      'a prepared statement',
      "prepare mark from 'select 1'",
      "show session status like 'Prepared_stmt_count'",
    ],
    ['a number of a key', 'do last_insert_id(4711)', 'select last_insert_id()'],
    ['a role', 'set role none', 'select current_role()'],
  ];

  beforeAll(async () => {
    database = await freshMariadbDatabase();
    admin = await createConnection(database.url);
    for (const [index, [, leaving]] of traces.entries()) {
      await admin.query(`create procedure leave_${index}() begin ${leaving}; select 1; end`);
    }
    source = await oneSession('mariadb', { connectionString: database.url, ssl: false });
  });
  afterAll(async () => {
    await source?.close();
    await admin?.end();
    await database?.drop();
  });

  it.each(traces.map(([name, , look], index) => [name, index, look] as const))(
    '%s is not met by the next caller',
    async (_trace, index, look) => {
      const before = await found(source, look);
      const session = await found(source, 'select connection_id()');
      await leave(source, `call leave_${index}()`, { access: 'write' });
      expect(await found(source, look)).toEqual(before);
      expect(await found(source, 'select connection_id()')).toBe(session);
    },
  );

  it('what a read leaves is not met either, stateless or not', async () => {
    for (const how of [{}, { maxRows: 10 }, { maxRows: 10, stateless: true }]) {
      await leave(source, "select @mark := 7, get_lock('mark', 0), last_insert_id(4711)", how);
      expect(await found(source, 'select @mark')).toBeNull();
      expect(await found(source, "select is_used_lock('mark')")).toBeNull();
      expect(await found(source, 'select last_insert_id()')).not.toBe('4711');
    }
  });
});

describe('sqlite', () => {
  let folder: string;
  let source: Source;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-state-'));
    const file = path.join(folder, 'state.sqlite');
    const db = new DatabaseSync(file);
    db.exec('create table kept (n int); insert into kept values (1)');
    db.close();
    source = await oneSession('sqlite', { database: file });
  });
  afterAll(async () => {
    await source?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['a temporary table', 'create temporary table mark (n int)', 'select * from temp.mark'],
    ['a temporary view', 'create temp view mark as select 1 as n', 'select * from temp.mark'],
    [
      'a temporary trigger',
      'create temp trigger mark after insert on main.kept begin delete from kept; end',
      'select count(*) from sqlite_temp_schema',
    ],
    ['a setting', 'pragma case_sensitive_like = on', "select 'a' like 'A'"],
    ['a database', "attach ':memory:' as mark", 'select * from mark.sqlite_schema'],
    ['a transaction', 'begin immediate', 'select n from kept'],
    ['a savepoint', 'savepoint mark', 'select n from kept'],
  ])('%s is not met by the next caller', async (_name, leaving, look) => {
    const before = await found(source, look);
    for (const access of ['read', 'write'] as const) {
      await leave(source, leaving, { access });
      expect(await found(source, look)).toEqual(before);
    }
    // nor does it hold the file
    await leave(source, 'update kept set n = 1', { access: 'write' });
    expect(source.pool()).toMatchObject({ open: 1, busy: 0 });
  });
});
