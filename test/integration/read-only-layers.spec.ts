import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { createConnection as createCallbackConnection, type PoolConnection } from 'mysql2';
import { createConnection, type Connection } from 'mysql2/promise';
import { Client } from 'pg';
import type { Dialect } from '../../src/common/dialect';
import { driverFor } from '../../src/drivers';
import type { ConnectionInput, ConnectionType, Source } from '../../src/drivers/driver';
import { MysqlEngine } from '../../src/drivers/mysql/engine';
import { MysqlSession } from '../../src/drivers/mysql/session';
import { PostgresEngine } from '../../src/drivers/postgresql/engine';
import { PreparedStatements } from '../../src/drivers/postgresql/prepared-statements';
import { PostgresSession } from '../../src/drivers/postgresql/session';
import { openDatabase } from '../../src/drivers/sqlite/child/database';
import { decideStatement } from '../../src/modules/permissions/decide-statement';
import { administratorPermission } from '../../src/modules/permissions/permission';
import { analyse, closeAnalysis } from '../../src/sql/analyse';
import { collect, connectOptions, failure, never, request } from '../contract/driver-contract';
import {
  describeEngine,
  freshMariadbDatabase,
  freshPostgresDatabase,
  type FreshDatabase,
} from '../servers/servers';

/**
 * Reading only is held by five layers (docs/read-only.md). Here each one stands alone: the others are switched off, the
 * account may do everything, and every statement is first shown to write where nothing holds it.
 */

/** What the grammars and the rules over them say, where a connection is read-only and its user may do everything. */
async function refusedByKind(dialect: Dialect, text: string): Promise<boolean> {
  const analysis = await analyse(dialect, text);
  if (!analysis.ok) return true;
  // of the functions nothing is asked: that is the next layer
  const facts = { ...analysis.facts, functions: [] };
  return decideStatement(facts, administratorPermission, contextOf(dialect, true)) !== null;
}

/** What the list of functions says of a statement that is no write by its kind, where writing is allowed. */
async function refusedByFunction(dialect: Dialect, text: string): Promise<string | null> {
  const analysis = await analyse(dialect, text);
  if (!analysis.ok) throw new Error(`not analysed: ${analysis.refusal.detail}`);
  expect(analysis.facts.access).toBe('read');
  return decideStatement(analysis.facts, administratorPermission, contextOf(dialect, false))?.code ?? null;
}

function contextOf(dialect: Dialect, readOnly: boolean) {
  return { dialect, readOnly, searchPath: dialect === 'sqlite' ? [] : ['public'], isAdministrator: true };
}

/** A pool of one session by the driver. */
async function open(type: ConnectionType, input: ConnectionInput, readOnly: boolean): Promise<Source> {
  const driver = await driverFor(type);
  return driver.connect(driver.parseConfig(input), connectOptions({ maxSessions: 1, readOnly }), never);
}

/** An account made by the driver's own script for the administrator of a database. */
async function readerOf(
  type: ConnectionType,
  url: string,
  username: string,
  run: (statement: string) => Promise<unknown>,
): Promise<ConnectionInput> {
  const driver = await driverFor(type);
  const config = driver.parseConfig({ connectionString: url, ssl: false });
  for (const statement of driver.readOnlyAccountScript(config, { username }) ?? []) await run(statement);
  return { ...driver.publicConfig(config), username, password: '<choose-a-password>' };
}

afterAll(() => closeAnalysis());

describeEngine('postgresql', () => {
  let database: FreshDatabase;
  let admin: Client;

  /** Each changes what `state` shows, when it is sent as it stands. */
  const writes: readonly string[] = [
    'insert into kept values (2)',
    'update kept set n = 3',
    'delete from kept',
    'with w as (insert into kept values (4) returning n) select n from w',
    'truncate kept',
    'drop table kept cascade',
    'create table more (n int)',
    'create table more as select * from kept',
    'select * into more from kept',
    'alter table kept add column m int',
    'comment on table kept is $$changed$$',
    'explain analyze delete from kept',
    'call writing()',
    'do $$ begin insert into kept values (5); end $$',
    "copy kept from program 'echo 6'",
    'merge into kept using (values (7)) as v (n) on false when not matched then insert values (v.n)',
    'grant select on kept to public',
    'insert into seen values (8)',
    'select 1; insert into kept values (9)',
    'commit; insert into kept values (10)',
  ];
  /** Reads by their kind, which write by what they call. */
  const writingCalls: readonly string[] = [
    'select meddle()',
    'select n from kept where meddle() = 1',
    'select n from kept order by meddle()',
    "select nextval('counted')",
    "select setval('counted', 100)",
    'select lo_create(4711)',
    "select lo_from_bytea(4711, 'x')",
    "select query_to_xml('select meddle()', true, true, '')",
    "select ts_stat('select meddle()::text::tsvector')",
    "select public.dblink_exec('insert into kept values (1)')",
  ];

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    admin = new Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(`
      create table kept (n int); insert into kept values (1);
      create view seen as select n from kept;
      create sequence counted;
      create procedure writing() language plpgsql as $$ begin insert into kept values (5); end $$;
      create function meddle() returns int language plpgsql as $$ begin insert into noted values (2); return 1; end $$;
      create table noted (n int);
      create function dblink_exec(command text) returns text language plpgsql as $$ begin execute command; return 'ok'; end $$`);
  });
  afterAll(async () => {
    await admin?.end();
    await database?.drop();
  });

  /** Rows, definitions, rights, sequences and large objects: whatever one of the statements could change. */
  async function state(client: Client = admin): Promise<string> {
    const { rows } = await client.query(`select (select json_agg(k order by k::text) from kept k)::text,
      (select string_agg(concat_ws(':', relname, relacl, obj_description(oid)), ',' order by relname) from pg_class
        where relnamespace = 'public'::regnamespace),
      (select count(*) from noted) as noted, (select last_value || is_called::text from counted),
      (select count(*) from pg_largeobject_metadata) as objects`);
    return JSON.stringify(rows);
  }

  // what commits by itself cannot be undone here
  const undone = [...writes, ...writingCalls].filter((text) => !/^commit/.test(text));
  it.each(undone)('where nothing holds it, this writes: %s', async (text) => {
    const before = await state();
    await admin.query('begin');
    let during = 'the table is gone';
    try {
      await admin.query(text);
      await admin.query('savepoint looked');
      during = await state().catch(() => during);
    } finally {
      await admin.query('rollback');
    }
    // a sequence is not undone
    await admin.query("select setval('counted', 1, false)");
    expect(during).not.toBe(before);
    expect(await state()).toBe(before);
  });

  it.each(writes)('1. the kind of the statement alone stops: %s', async (text) => {
    expect(await refusedByKind('postgresql', text)).toBe(true);
  });

  it.each(writingCalls)('2. the list of functions alone stops: %s', async (text) => {
    expect(await refusedByFunction('postgresql', text)).toBe('permission.function_denied');
  });

  describe('3. one statement in a read-only transaction that is rolled back, alone', () => {
    let source: Source;

    beforeAll(async () => {
      // the driver's own look at the first word is switched off as well
      jest.spyOn(PostgresEngine.prototype, 'refuse').mockImplementation(() => undefined);
      source = await open('postgresql', { connectionString: database.url, ssl: false }, false);
    });
    afterAll(async () => {
      jest.restoreAllMocks();
      await source?.close();
    });

    it.each(undone)('stops: %s', async (text) => {
      const before = await state();
      for (const maxRows of [undefined, 10]) {
        for (const stateless of [false, true]) {
          await collect(source, request({ text }, { access: 'read', maxRows, stateless })).catch(
            () => undefined,
          );
        }
      }
      expect(await state()).toBe(before);
    });

    it('is not left by a statement that ends it', async () => {
      const before = await state();
      await failure(collect(source, request({ text: 'commit; insert into kept values (10)' })));
      for (const text of ['commit', 'rollback', 'set transaction read write', 'begin read write', 'end']) {
        await collect(source, request({ text })).catch(() => undefined);
        await collect(source, request({ text: 'insert into kept values (11)' })).catch(() => undefined);
      }
      expect(await state()).toBe(before);
    });
  });

  it('4. the reset of the session alone takes back what would let the next statement write', async () => {
    const reader = `${database.database}_session`;
    await admin.query(`create role ${reader} login superuser password 'x'`);
    await admin.query(`alter role ${reader} set default_transaction_read_only = on`);
    const client = new Client({
      host: database.host,
      port: database.port,
      database: database.database,
      user: reader,
      password: 'x',
    });
    await client.connect();
    try {
      const place = { address: database.host, port: database.port, tls: null };
      const back = { release: () => undefined, destroy: () => undefined };
      const session = new PostgresSession(client, place, back, null, new PreparedStatements());
      const insert = (): Promise<unknown> => client.query('insert into kept values (12)');
      const readOnlyTransaction = { code: '25006' };
      await expect(insert()).rejects.toMatchObject(readOnlyTransaction);
      const before = await state();
      const leaving = [
        'set default_transaction_read_only = off',
        'set session characteristics as transaction read write',
        'begin read write',
        "select set_config('default_transaction_read_only', 'off', false)",
        'begin read write; create temporary table kept (n int); commit',
      ];
      for (const text of leaving) {
        await client.query(text);
        expect(await session.reset()).toBe(true);
        await expect(insert()).rejects.toMatchObject(readOnlyTransaction);
      }
      expect(await state()).toBe(before);
      await client.query('set default_transaction_read_only = off');
      await client.query('begin');
      await insert();
      await client.query('rollback');
    } finally {
      await client.end();
      await admin.query(`drop role ${reader}`);
    }
  });

  it('5. the rights of the account alone stop every statement', async () => {
    const reader = `${database.database}_reader`;
    const { username, password } = await readerOf('postgresql', database.url, reader, (text) =>
      admin.query(text),
    );
    // functions are everybody's by default, and run with the rights of whoever calls them
    const client = new Client({
      host: database.host,
      port: database.port,
      database: database.database,
      user: username,
      password,
    });
    await client.connect();
    try {
      // the default of the account is switched off: anybody may do that
      await client.query('set default_transaction_read_only = off');
      const before = await state();
      for (const text of [...writes, ...writingCalls]) {
        const error: unknown = await client.query(text).catch((refused: unknown) => refused);
        // who may not grant is only warned (manual, "GRANT")
        expect((error as { code?: string }).code).toBe(/^grant/.test(text) ? undefined : '42501');
        await client.query('rollback');
      }
      expect(await state()).toBe(before);
    } finally {
      await client.end();
      await admin.query(`drop owned by ${reader}; drop role ${reader}`);
    }
  });
});

describeEngine('mariadb', () => {
  let database: FreshDatabase;
  let admin: Connection;

  const writes: readonly string[] = [
    'insert into kept values (2)',
    'update kept set n = 3',
    'delete from kept',
    'replace into kept values (4)',
    'truncate table kept',
    'drop table kept',
    'create table more (n int)',
    'create table more select * from kept',
    'alter table kept add column m int',
    'call writing()',
    'insert into kept select 6 returning n',
    '/*! insert into kept values (7) */',
    '/*M! insert into kept values (8) */',
    'begin not atomic insert into kept values (9); end',
    "execute immediate 'insert into kept values (10)'",
    'set statement max_statement_time = 1 for insert into kept values (11)',
    'insert into seen values (12)',
    'analyze delete from kept',
  ];
  const writingCalls: readonly string[] = [
    'select meddle()',
    'select n from kept where meddle() = 1',
    'select n from kept group by meddle()',
    'select nextval(counted)',
    'select setval(counted, 100)',
  ];

  beforeAll(async () => {
    database = await freshMariadbDatabase();
    admin = await createConnection({ uri: database.url, multipleStatements: false });
    for (const text of [
      'create table kept (n int)',
      'insert into kept values (1)',
      'create view seen as select n from kept',
      'create sequence counted',
      'create procedure writing() begin insert into kept values (5); end',
      'create table noted (n int)',
      'create function meddle() returns int sql security invoker begin insert into noted values (2); return 1; end',
    ])
      await admin.query(text);
  });
  afterAll(async () => {
    await admin?.end();
    await database?.drop();
  });

  async function state(): Promise<string> {
    const rows = await admin
      .query('select n from kept order by n')
      .then(([found]) => found)
      .catch(() => 'the table is gone');
    const [tables] = await admin.query(
      `select table_name, column_name from information_schema.columns where table_schema = database() order by 1, 2`,
    );
    const [others] = await admin.query(
      'select next_not_cached_value, (select count(*) from noted) from counted',
    );
    return JSON.stringify([rows, tables, others]);
  }

  /** There is no transaction around definitions here: the tables are made anew. */
  async function restore(): Promise<void> {
    for (const text of [
      'drop table if exists more',
      'create or replace table kept (n int)',
      'insert into kept values (1)',
      'delete from noted',
      'create or replace sequence counted',
    ])
      await admin.query(text);
  }

  it.each([...writes, ...writingCalls])('where nothing holds it, this writes: %s', async (text) => {
    await restore();
    const before = await state();
    await admin.query(text);
    expect(await state()).not.toBe(before);
    await restore();
  });

  it.each(writes)('1. the kind of the statement alone stops: %s', async (text) => {
    expect(await refusedByKind('mysql', text)).toBe(true);
  });

  it.each(writingCalls.filter((text) => !/counted/.test(text)))(
    '2. the list of functions alone stops: %s',
    async (text) => {
      expect(await refusedByFunction('mysql', text)).toBe('permission.function_denied');
    },
  );

  describe('3. one statement in a read-only transaction that is rolled back, alone', () => {
    let source: Source;

    beforeAll(async () => {
      source = await open('mariadb', { connectionString: database.url, ssl: false }, false);
    });
    afterAll(() => source?.close());

    it.each([...writes, ...writingCalls])('stops: %s', async (text) => {
      await restore();
      const before = await state();
      await collect(source, request({ text }, { access: 'read' })).catch(() => undefined);
      expect(await state()).toBe(before);
    });

    /**
     * Without the driver's look at the first word: what commits by itself leaves the transaction on this server, so only
     * where the session is read-only too does the server stop everything.
     */
    it.each([...writes, ...writingCalls])(
      'stops without the list of first words, where the session is read-only: %s',
      async (text) => {
        await restore();
        jest.spyOn(MysqlEngine.prototype, 'refuse').mockImplementation(() => undefined);
        const reader = await open('mariadb', { connectionString: database.url, ssl: false }, true);
        try {
          const before = await state();
          await collect(reader, request({ text }, { access: 'read' })).catch(() => undefined);
          expect(await state()).toBe(before);
        } finally {
          jest.restoreAllMocks();
          await reader.close();
        }
      },
    );

    it('takes one statement only', async () => {
      await restore();
      const before = await state();
      const error = await failure(
        collect(source, request({ text: 'select 1; insert into kept values (13)' })),
      );
      expect(error.code).toBe('query.syntax');
      expect(await state()).toBe(before);
    });
  });

  it('4. the reset of the session alone takes back what would let the next statement write', async () => {
    await restore();
    const connection = createCallbackConnection(database.url);
    const rules = {
      flavour: 'mariadb',
      readOnly: true,
      database: database.database,
      kill: () => Promise.resolve(),
    } as const;
    const back = { release: () => undefined, destroy: () => undefined };
    const session = new MysqlSession(connection as unknown as PoolConnection, rules, back, null);
    const insert = (): Promise<void> => session.run('insert into kept values (14)');
    try {
      await session.pin();
      const readOnlyTransaction = { errno: 1792 };
      await expect(insert()).rejects.toMatchObject(readOnlyTransaction);
      const before = await state();
      for (const text of [
        'set session transaction read write',
        'set tx_read_only = 0',
        'start transaction read write',
        'create temporary table kept (n int)',
      ]) {
        await session.run(text).catch(() => undefined);
        expect(await session.reset({ killed: false, wrote: true })).toBe(true);
        await expect(insert()).rejects.toMatchObject(readOnlyTransaction);
      }
      expect(await state()).toBe(before);
      await session.run('set session transaction read write');
      await insert();
      expect(await state()).not.toBe(before);
    } finally {
      connection.destroy();
      await restore();
    }
  });

  it('5. the rights of the account alone stop every statement', async () => {
    await restore();
    const name = `r${database.database.slice(-10)}`;
    const { username, password } = await readerOf('mariadb', database.url, name, (text) => admin.query(text));
    const client = await createConnection({
      host: database.host,
      port: database.port,
      database: database.database,
      user: username,
      password,
    });
    try {
      const before = await state();
      for (const text of [...writes, ...writingCalls]) {
        const error: unknown = await client.query(text).catch((refused: unknown) => refused);
        // denied to the database, a table, without a privilege, to a routine; and what cannot be prepared at all
        expect([1044, 1142, 1227, 1370]).toContain((error as { errno?: number }).errno);
      }
      expect(await state()).toBe(before);
    } finally {
      await client.end();
      await admin.query(`drop user '${name}'@'%'`);
    }
  });
});

describe('sqlite', () => {
  let folder: string;
  let file: string;

  const writes: readonly string[] = [
    'insert into kept values (2)',
    'update kept set n = 3',
    'delete from kept',
    'replace into kept values (4)',
    'drop table kept',
    'create table more (n int)',
    'create table more as select * from kept',
    'alter table kept add column m int',
    'insert into kept values (5) returning n',
    'with w as (select 6 as n) insert into kept select n from w',
    'insert into seen values (7)',
    'pragma user_version = 8',
    'vacuum',
    'reindex',
  ];
  /** What `vacuum` and `reindex` change cannot be seen in the rows. */
  const visible = writes.filter((text) => !/^(?:vacuum|reindex)/.test(text));

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-layers-'));
    const template = new DatabaseSync(path.join(folder, 'template.sqlite'));
    template.exec(`create table kept (n int); insert into kept values (1); create index by_n on kept (n);
      create view seen as select n from kept; create trigger written instead of insert on seen begin insert into kept values (new.n); end`);
    template.close();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    file = path.join(folder, 'one.sqlite');
    await copyFile(path.join(folder, 'template.sqlite'), file);
  });

  function state(): string {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      const all = (text: string): unknown[] => db.prepare(text).all();
      const rows = (): unknown => {
        try {
          return all('select n from kept order by n');
        } catch {
          return 'the table is gone';
        }
      };
      return JSON.stringify([rows(), all('select name, sql from sqlite_schema'), all('pragma user_version')]);
    } finally {
      db.close();
    }
  }

  /** What the library says; nothing when it has run the statement, or something has changed. */
  function refusal(text: string, opened: ReturnType<typeof openDatabase>): string | null {
    const before = state();
    let message: string | null = null;
    try {
      opened.db.prepare(text).all();
    } catch (error) {
      message = (error as Error).message;
    } finally {
      opened.db.close();
    }
    return state() === before ? message : null;
  }

  it.each(visible)('where nothing holds it, this writes: %s', (text) => {
    const before = state();
    const db = new DatabaseSync(file);
    db.prepare(text).all();
    db.close();
    expect(state()).not.toBe(before);
  });

  it.each(writes)('1. the kind of the statement alone stops: %s', async (text) => {
    expect(await refusedByKind('sqlite', text)).toBe(true);
  });

  it.each(["select load_extension('x')", "select writefile('x', 'y')", "select fts3_tokenizer('x', x'00')"])(
    '2. the list of functions alone stops: %s',
    async (text) => {
      expect(await refusedByFunction('sqlite', text)).toBe('permission.function_denied');
    },
  );

  it.each(writes)('3a. the authorizer alone stops, on a file opened for writing: %s', (text) => {
    const opened = openDatabase({ file, busyTimeoutMs: 100 }, false);
    opened.authorizer.begin('read');
    expect(refusal(text, opened)).toMatch(/authoriz/);
  });

  it.each(writes)('3b. the file opened read-only alone stops: %s', (text) => {
    const opened = openDatabase({ file, busyTimeoutMs: 100 }, true);
    opened.db.setAuthorizer(null);
    opened.db.exec('pragma query_only = off');
    // VACUUM of a file attaches another one, of which none is allowed
    expect(refusal(text, opened)).toMatch(/readonly|too many attached databases/);
  });

  it('3c. the source sends no write where the connection is read-only', async () => {
    const source = await open('sqlite', { database: file }, true);
    try {
      const before = state();
      for (const text of writes) {
        for (const access of ['read', 'write'] as const)
          await failure(collect(source, request({ text }, { access })));
      }
      await failure(collect(source, request({ text: 'select 1; insert into kept values (9)' })));
      expect(state()).toBe(before);
    } finally {
      await source.close();
    }
  });
});
