import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type Connection } from 'mysql2/promise';
import type { AppError } from '../../src/common/app-error';
import { driverFor } from '../../src/drivers';
import type { Source } from '../../src/drivers/driver';
import { describeEngine, freshMariadbDatabase, type FreshDatabase } from '../servers/servers';
import { collect, connectOptions, failure, never, request } from './driver-contract';

describeEngine('mariadb', () => {
  let database: FreshDatabase;
  let source: Source;
  let admin: Connection;

  const one = async (text: string) => (await collect(source, request({ text }))).rows[0]?.[0];
  const write = (text: string) => collect(source, request({ text }, { access: 'write' }));

  beforeAll(async () => {
    database = await freshMariadbDatabase();
    admin = await createConnection(database.url);
    await admin.query('create table kept (n int)');
    await admin.query('create procedure committing() begin insert into kept values (1); commit; end');
    await admin.query(
      'create procedure leaving() begin set session sql_mode = "ANSI_QUOTES"; select 1 as a; select 2 as b; end',
    );
    await admin.query(
      'create function meddling() returns int begin insert into kept values (2); return 1; end',
    );
    const driver = await driverFor('mariadb');
    const config = driver.parseConfig({ connectionString: database.url, ssl: false });
    // one session: whatever a statement leaves behind, the next one meets
    source = await driver.connect(config, connectOptions({ maxSessions: 1 }), never);
  });

  afterAll(async () => {
    await source?.close();
    await admin?.end();
    await database?.drop();
  });

  it.each([
    ['a user variable', 'select @left := 7', 'select @left'],
    ['a lock by name', "select get_lock('left', 0)", "select is_used_lock('left')"],
    ['a temporary table', 'create temporary table left_behind (n int)', 'select * from left_behind'],
    ['a setting made by a procedure', 'call leaving()', 'select @@sql_mode'],
    ['found rows', 'insert into kept values (1), (2)', 'select row_count()'],
    ['the last number of a sequence', 'select last_insert_id(4711)', 'select last_insert_id()'],
  ])('keeps nothing for the next caller: %s', async (_name, leave, look) => {
    const before = await one(look).catch((error: AppError) => error.code);
    const id = await one('select connection_id()');
    for (const access of ['read', 'write'] as const) {
      await collect(source, request({ text: leave }, { access })).catch(() => undefined);
      expect(await one(look).catch((error: AppError) => error.code)).toEqual(before);
    }
    expect(await one('select connection_id()')).toBe(id);
    await write('delete from kept');
  });

  it.each([
    'call committing()',
    'select meddling()',
    "select 1 into outfile '/tmp/sluice-outfile-refused/x'",
    'drop table kept',
    'lock tables kept write',
    'analyze table kept',
    '/*! begin not atomic commit; insert into kept values (3); end */ select 1',
    '/*M! begin not atomic commit; insert into kept values (4); end */',
    'if true then commit; insert into kept values (5); end if',
    'grant select on *.* to nobody',
  ])('lets no read-only transaction be left by: %s', async (text) => {
    await failure(collect(source, request({ text })));
    const [rows] = await admin.query('select * from kept');
    expect(rows).toEqual([]);
    expect(await one('select 1')).toBe(1);
  });

  it('commits a write whose rows were read to the end, and undoes one that was not', async () => {
    expect((await write('insert into kept values (1), (2) returning n')).rows).toEqual([[1], [2]]);
    expect(await one('select count(*) from kept')).toBe('2');
    expect((await write('update kept set n = 2')).affectedRows).toBe(1);
    const cursor = await source.query(
      request({ text: 'insert into kept select seq from seq_1_to_100 returning n' }, { access: 'write' }),
      never,
    );
    expect(await cursor.read(10)).toHaveLength(10);
    await cursor[Symbol.asyncDispose]();
    expect(await one('select count(*) from kept')).toBe('2');
    await write('delete from kept');
  });

  // Its rows and their end arrive at once, and are more than are kept for somebody who does not read.
  it('commits a write whose rows are read when all of them have come', async () => {
    const text = 'insert into kept select seq from seq_1_to_1005 returning n';
    const cursor = await source.query(request({ text }, { access: 'write' }), never);
    await sleep(200);
    const rows: unknown[] = [];
    for (let some = await cursor.read(300); some.length > 0; some = await cursor.read(300))
      rows.push(...some);
    await cursor[Symbol.asyncDispose]();
    expect(rows).toHaveLength(1005);
    expect(await one('select count(*) from kept')).toBe('1005');
    await write('delete from kept');
  });

  it('undoes what returns more rows than it may change', async () => {
    const text = 'insert into kept select seq from seq_1_to_10 returning n';
    const bounded = (maxChangedRows: number) =>
      collect(source, request({ text }, { access: 'write', maxChangedRows }));
    expect((await failure(bounded(9))).code).toBe('query.write_too_large');
    expect(await one('select count(*) from kept')).toBe('0');
    expect((await bounded(10)).rows).toHaveLength(10);
    await write('delete from kept');
  });

  it('gives the first result of a procedure', async () => {
    const { columns, rows } = await write('call leaving()');
    expect(columns.map((column) => column.name)).toEqual(['a']);
    expect(rows).toEqual([[1]]);
  });

  it('runs what the server cannot prepare', async () => {
    const { rows } = await collect(source, request({ text: 'show tables' }));
    expect(rows).toContainEqual(['kept']);
    expect((await collect(source, request({ text: 'explain select 1' }))).rows).toHaveLength(1);
  });

  it('finds an account of its own script harmless, and one with a single right not', async () => {
    const driver = await driverFor('mariadb');
    const username = `r'${database.database.slice(-10)}`;
    const account = `'${username.replaceAll("'", "\\'")}'@'%'`;
    const config = driver.parseConfig({ connectionString: database.url, ssl: false });
    for (const statement of driver.readOnlyAccountScript(config, { username }) ?? [])
      await admin.query(statement);
    const input = { ...driver.publicConfig(config), username, password: '<choose-a-password>' };
    const reader = await driver.connect(driver.parseConfig(input), connectOptions(), never);
    expect(await reader.test(never)).toMatchObject({ readOnlyAccount: true, account: [], warnings: [] });
    expect((await collect(reader, request({ text: 'select * from kept' }))).columns).toHaveLength(1);
    const refused = await failure(
      collect(reader, request({ text: 'insert into kept values (1)' }, { access: 'write' })),
    );
    expect(refused.code).toBe('connection.privilege_missing');
    expect(refused.message).not.toContain(username);
    await admin.query(`grant update (n), delete on ${database.database}.kept to ${account}`);
    const report = await reader.test(never);
    expect(report).toMatchObject({
      readOnlyAccount: false,
      account: [{ code: 'write_tables' }],
      warnings: [{ code: 'account_can_write' }],
    });
    for (const statement of report.warnings[0]?.statements ?? []) await admin.query(statement);
    expect(await reader.test(never)).toMatchObject({ readOnlyAccount: true });
    await admin.query(`grant insert on ${database.database}.kept to public`);
    expect((await reader.test(never)).account?.map(({ code }) => code)).toEqual(['write_tables']);
    await admin.query(`revoke insert on ${database.database}.kept from public`);
    const role = `w${database.database.slice(-10)}`;
    await admin.query(`create role ${role}`);
    await admin.query(`grant ${role} to ${account}`);
    expect(await reader.test(never)).toMatchObject({
      readOnlyAccount: false,
      account: [{ code: 'unknown_rights', detail: `It has the role \`${role}\`.` }],
    });
    await admin.query(`drop role ${role}`);
    await reader.close();
    await admin.query(`drop user ${account}`);
  });

  it('says that an administrator is one', async () => {
    expect((await source.test(never)).warnings[0]).toMatchObject({ code: 'account_is_superuser' });
  });

  it('closes surplus sessions that idle, and keeps the ones it was told to', async () => {
    const driver = await driverFor('mariadb');
    const config = driver.parseConfig({ connectionString: database.url, ssl: false });
    const own = await driver.connect(
      config,
      connectOptions({ maxSessions: 4, keepSessions: 1, idleMs: 200 }),
      never,
    );
    await Promise.all(Array.from({ length: 4 }, () => collect(own, request({ text: 'select sleep(0.05)' }))));
    for (let round = 0; round < 100 && own.pool().open > 1; round += 1) {
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    expect(own.pool().open).toBe(1);
    await own.close();
  });
});
