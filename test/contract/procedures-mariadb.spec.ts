import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { driverFor } from '../../src/drivers';
import type { Source } from '../../src/drivers/driver';
import type { CallRequest } from '../../src/drivers/procedure';
import { describeEngine, freshMariadbDatabase, type FreshDatabase } from '../servers/servers';
import { collectCall, type CollectedCall } from './collect-call';
import { connectOptions, eventually, failure, never } from './driver-contract';

/** Each is one statement. */
const made = [
  'create table orders (id int primary key, total decimal(10,2), note varchar(40))',
  `insert into orders select seq, seq * 1.5, concat('note ', seq) from seq_1_to_3000`,
  'create table plain (n int) engine = MyISAM',
  'create function added(a int, b int) returns int deterministic return a + b',
  'create function writes_too() returns int begin insert into orders values (9000, 0, null); return 1; end',
  `create procedure sets(n int, inout b int, out c varchar(20)) begin
    select seq as no, concat('r', seq) as word from seq_1_to_3 where seq <= n;
    set b = n + b; set c = concat('c', b);
    select 'second' as name; select id from orders where false; end`,
  'create procedure nothing() begin end',
  'create procedure wide() begin select * from orders order by id; select * from orders order by id desc; end',
  `create procedure kinds(out a bigint unsigned, out b decimal(10,2), out c datetime(3), out d date, out e time, out f double,
    out g json, out h varbinary(4), out i timestamp, out j year, out k tinyint(1), out l bit(5), out m text) begin
    set a = 18446744073709551615, b = 1.5, c = '2026-01-02 03:04:05.678', d = '2026-01-02', e = '03:04:05', f = 0.1,
      g = '{"a": [1]}', h = x'00ff', i = '2026-01-02 03:04:05', j = 2026, k = 1, l = b'00101', m = null; end`,
  `create procedure takes(a json, b date, c decimal(5,2), d varchar(3)) begin select a, b, c, d; end`,
  'create procedure adds() begin insert into orders values (9001, 0, null), (9002, 0, null); update orders set total = 1 where id = 1; end',
  'create procedure adds_plain() begin insert into plain values (1); end',
  'create procedure commits() begin commit; start transaction read write; insert into orders values (9003, 0, null); commit; end',
  'create procedure defines() begin create table made_inside (n int); end',
  `create procedure swallows() begin declare continue handler for sqlexception begin end;
    commit; set session transaction read write; set transaction read write; start transaction read write;
    xa end 'x'; xa commit 'x' one phase; set autocommit = 0; set autocommit = 1;
    create table made_inside (n int); truncate table plain;
    execute immediate 'commit'; insert into orders values (9004, 0, null); insert into plain values (4); end`,
  'create procedure loops() begin declare i int default 0; while true do set i = i + 1; end while; end',
  'create procedure sleeps() begin do sleep(30); end',
  'create procedure floods() begin while true do select 1; end while; end',
  `create procedure tells() begin declare words text; select concat('secret ', note) into words from orders where id = 7;
    signal sqlstate '45000' set message_text = words; end`,
  `create procedure claims() begin signal sqlstate '08S01' set message_text = 'gone'; end`,
  `create procedure leaves() begin set @trace = 'left'; set session group_concat_max_len = 7; do get_lock('left', 0);
    set names latin1; execute immediate 'use information_schema'; end`,
  'create procedure `do; drop table orders --`(inout `a ``b` int) begin set `a ``b` = `a ``b` + 1; end',
  'create function twin(a int) returns int deterministic return a',
  'create procedure twin(a int) begin end',
  'create procedure rows_for_ever() begin select 1 from orders a, orders b, orders c; end',
];

describeEngine('mariadb', () => {
  let database: FreshDatabase;
  let admin: Connection;
  let source: Source;

  beforeAll(async () => {
    database = await freshMariadbDatabase();
    admin = await createConnection(database.url);
    for (const statement of made) await admin.query(statement);
    const driver = await driverFor('mariadb');
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
    procedure: { schema: database.database, name },
    arguments: args,
    access: 'read',
    timeoutMs: 20_000,
    ...more,
  });
  const call = (...given: Parameters<typeof request>): Promise<CollectedCall> =>
    collectCall(source, request(...given));
  const code = async (...given: Parameters<typeof request>): Promise<string> =>
    (await failure(call(...given))).code;
  const count = async (table: string): Promise<number> =>
    Number((await admin.query<RowDataPacket[]>(`select count(*) as n from ${table}`))[0][0]!['n']);

  it('gives several results, and what OUT and INOUT parameters hold', async () => {
    const called = await call('sets', [2, 5]);
    expect(called.out).toEqual({ b: 7, c: 'c7' });
    expect(called.outTypes).toEqual({ b: 'integer', c: 'text' });
    expect(called.sets).toMatchObject([
      { rows: [['1', 'r1'], ['2', 'r2']] }, // prettier-ignore
      { rows: [['second']] },
      { rows: [] },
    ]);
    expect(called.sets[2]!.columns.map(({ name }) => name)).toEqual(['id']);
    expect((await call('sets', { b: 1, n: 0 })).out).toEqual({ b: 1, c: 'c1' });
    expect(await call('nothing')).toMatchObject({ sets: [], out: {} });
  });

  it('gives the value of a function', async () => {
    expect(await call('added', [1, 2])).toMatchObject({ out: { return: 3 }, sets: [] });
    expect((await call('added', { b: 1, a: null })).out).toEqual({ return: null });
  });

  it('gives values in their canonical form', async () => {
    const { out, outTypes } = await call('kinds');
    expect(out).toEqual({
      a: '18446744073709551615',
      b: '1.50',
      c: '2026-01-02T03:04:05.678',
      d: '2026-01-02',
      e: '03:04:05',
      f: 0.1,
      g: '{"a": [1]}',
      h: 'AP8=',
      i: '2026-01-02T03:04:05Z',
      j: 2026,
      k: 1,
      l: '00101',
      m: null,
    });
    expect(Object.values(outTypes)).toEqual(
      'bigint decimal timestamp date time float text bytes timestamptz integer integer other text'.split(' '),
    );
  });

  it('types parameters as the catalog does', async () => {
    const { sets } = await call('takes', [{ a: 1 }, '2026-01-02', 1.255, 'abc']);
    expect(sets[0]!.rows[0]!.slice(1)).toEqual(['2026-01-02', '1.26', 'abc']);
    expect(await code('takes', [{}, 'never', 1, 'abc'])).toBe('query.invalid_value');
    expect(await code('takes', [{}, '2026-01-02', 1, 'abcd'])).toBe('query.invalid_value');
    expect(await code('takes', [{}, '2026-01-02', 1])).toBe('query.invalid_parameter');
    expect(await code('takes', { a: 1, b: null, c: 1, d: '', e: 1 })).toBe('query.invalid_parameter');
    expect(await code('no_such_thing')).toBe('query.unknown_object');
    expect((await failure(call('twin', [1]))).message).toContain('Several procedures take these parameters');
  });

  it('reads results as they are pulled, and skips what nobody reads', async () => {
    expect((await call('wide')).sets.map(({ rows }) => rows.length)).toEqual([3000, 3000]);
    await using results = await source.call(request('wide'), never);
    const first = await results.next();
    expect((await first!.read(2)).map(([id]) => id)).toEqual([1, 2]);
    const second = await results.next();
    expect((await second!.read(2)).map(([id]) => id)).toEqual([3000, 2999]);
    expect(await results.next()).toBeNull();
  });

  it('quotes whatever names there are', async () => {
    expect((await call('do; drop table orders --', { 'a `b': 41 })).out).toEqual({ 'a `b': 42 });
  });

  it('lets nothing write in a call that reads', async () => {
    for (const name of ['adds', 'adds_plain', 'writes_too']) {
      const error = await failure(call(name));
      expect([name, error.code, error.message]).toEqual([
        name,
        'query.read_only',
        'The call runs in a read-only transaction, and the procedure tried to write',
      ]);
    }
    expect([await count('orders'), await count('plain')]).toEqual([3000, 0]);
  });

  it('refuses procedures that end the transaction, whatever they do behind it', async () => {
    for (const access of ['read', 'write'] as const) {
      for (const name of ['commits', 'defines']) {
        const error = await failure(call(name, [], { access }));
        expect([error.code, error.message]).toEqual([
          'query.unsupported',
          'A procedure cannot begin or end the transaction that it runs in',
        ]);
      }
    }
    await call('swallows');
    expect([await count('orders'), await count('plain')]).toEqual([3000, 0]);
    const [tables] = await admin.query<RowDataPacket[]>("show tables like 'made_inside'");
    expect(tables).toEqual([]);
  });

  it('writes when it may, as many rows as it may', async () => {
    const three = { access: 'write', maxChangedRows: 3 } as const;
    expect(await code('adds', [], { ...three, maxChangedRows: 2 })).toBe('query.write_too_large');
    expect(await count('orders')).toBe(3000);
    expect(await call('adds', [], three)).toMatchObject({ affectedRows: 3 });
    expect(await count('orders')).toBe(3002);
    expect(await call('writes_too', [], { access: 'write' })).toMatchObject({
      affectedRows: 1,
      out: { return: 1 },
    });
    await admin.query('delete from orders where id >= 9000');
  });

  it('undoes a write that nobody takes to its end', async () => {
    const results = await source.call(request('adds', [], { access: 'write' }), never);
    await results[Symbol.asyncDispose]();
    await eventually(() => source.pool().busy === 0);
    expect(await count('orders')).toBe(3000);
  });

  it('tells nothing that a procedure says', async () => {
    const error = await failure(call('tells'));
    expect(error.message).not.toContain('note');
    expect(error.extra).toMatchObject({ sqlState: '45000' });
  });

  it('does not take the word of a procedure for the state of the connection', async () => {
    expect(await code('claims')).toBe('query.database_error');
  });

  /** Sessions besides ours that are at something, of which `where` holds. */
  const running = async (where = 'info is not null'): Promise<boolean> =>
    Number(
      (
        await admin.query<RowDataPacket[]>(
          `select count(*) as n from information_schema.processlist where db = ? and id <> connection_id() and ${where}`,
          [database.database],
        )
      )[0][0]!['n'],
    ) > 0;

  it('stops on the server at the deadline and when told to', async () => {
    for (const name of ['loops', 'rows_for_ever', 'floods']) {
      const expected = name === 'floods' ? 'query.too_complex' : 'query.timeout';
      expect([name, await code(name, [], { timeoutMs: 300 })]).toEqual([name, expected]);
      await eventually(async () => !(await running()));
    }
    for (const name of ['loops', 'sleeps']) {
      const stop = new AbortController();
      const calling = failure(collectCall(source, request(name), stop.signal));
      await eventually(() => running());
      stop.abort('cancelled');
      expect((await calling).code).toBe('query.cancelled');
      await eventually(async () => !(await running()));
    }
    expect((await call('added', [1, 2])).out).toEqual({ return: 3 });
  });

  it('leaves nothing in the session', async () => {
    for (let round = 0; round < 3; round++) await call('leaves');
    await eventually(() => source.pool().busy === 0);
    await using cursor = await source.query(
      {
        text: `select @trace, @@group_concat_max_len, is_used_lock('left'), database(), @@character_set_client, @sluice_1`,
        values: [],
        access: 'read',
        timeoutMs: 5_000,
      },
      never,
    );
    expect(await cursor.read(1)).toEqual([[null, '1048576', null, database.database, 'utf8mb4', null]]);
  });

  it('gives nothing of a call whose procedure was replaced while it ran', async () => {
    await admin.query("select get_lock('slowly', 10)");
    await admin.query("create procedure slowly() begin do get_lock('slowly', 30); select 1 as n; end");
    const calling = failure(call('slowly'));
    await eventually(() => running("state = 'User lock'"));
    await admin.query('create or replace procedure slowly() begin select 2 as n; end');
    await admin.query("do release_lock('slowly')");
    expect((await calling).code).toBe('query.schema_changed');
    expect((await call('slowly')).sets).toMatchObject([{ rows: [[2]] }]);
  });

  it('gives nothing where a relation is not what was expected', async () => {
    const relation = { schema: database.database, name: 'orders' };
    const [described] = await source.describe([relation], never);
    const expects = [{ ...relation, version: described!.version }];
    expect((await call('added', [1, 2], { expects })).out).toEqual({ return: 3 });
    expect(await code('added', [1, 2], { expects: [{ ...relation, version: 'other' }] })).toBe(
      'query.schema_changed',
    );
  });

  it('lists what there is, with what it takes', async () => {
    const all = await source.procedures(null, never);
    const own = all.filter(({ schema }) => schema === database.database);
    expect(own.find(({ name }) => name === 'sets')).toMatchObject({
      kind: 'procedure',
      returns: null,
      definerRights: true,
      parameters: [
        { name: 'n', mode: 'in', type: 'int(11)', optional: false },
        { name: 'b', mode: 'inout', type: 'int(11)' },
        { name: 'c', mode: 'out', type: 'varchar(20)' },
      ],
    });
    expect(own.find(({ name }) => name === 'added')).toMatchObject({
      kind: 'function',
      returns: 'int(11)',
      parameters: [{ name: 'a', mode: 'in' }, { name: 'b', mode: 'in' }], // prettier-ignore
    });
    expect(all.some(({ schema }) => schema === 'mysql' || schema === 'sys')).toBe(false);
    expect((await source.procedures([{ schema: database.database, name: 'twin' }], never)).length).toBe(2);
  });
});
