import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { driverFor } from '../../src/drivers';
import type { ConnectionInput, ConnectionType, Source } from '../../src/drivers/driver';
import { collectRows } from '../../src/modules/query/collect-rows';
import { connectOptions, eventually, failure, never, request } from '../contract/driver-contract';
import {
  describeEngine,
  freshMariadbDatabase,
  freshPostgresDatabase,
  type FreshDatabase,
} from '../servers/servers';

/** Long enough to begin, short enough to wait for. */
const deadlineMs = 1_000;
/** A server takes its time over a gigabyte, the more so beside other tests. */
const largeMs = 100_000;
jest.setTimeout(120_000);

/** One session: whoever comes next meets what an attack left. */
async function oneSession(type: ConnectionType, input: ConnectionInput): Promise<Source> {
  const driver = await driverFor(type);
  return driver.connect(driver.parseConfig(input), connectOptions({ maxSessions: 1 }), never);
}

/** As the service collects an answer, under its deadline. */
async function ask(source: Source, text: string, timeoutMs = deadlineMs, maxRows = 10_000): Promise<unknown> {
  await using cursor = await source.query(
    request({ text }, { timeoutMs, maxRows }),
    AbortSignal.timeout(timeoutMs + 30_000),
  );
  return await collectRows(cursor, maxRows, 'read');
}

/** The next statement finds a session that works, and nothing that still runs for us. */
async function requireHealthy(source: Source): Promise<void> {
  await eventually(() => source.pool().busy === 0);
  await expect(ask(source, 'select 1 as one', 10_000)).resolves.toMatchObject({ rows: [[1]] });
  await eventually(() => source.pool().busy === 0);
}

describeEngine('postgresql', () => {
  let database: FreshDatabase;
  let source: Source;
  let admin: Client;

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    admin = new Client({ connectionString: database.url });
    await admin.connect();
    source = await oneSession('postgresql', { connectionString: database.url, ssl: false });
  });
  afterAll(async () => {
    await source?.close();
    await admin?.end();
    await database?.drop();
  });

  it.each([
    [
      'a recursion without an end',
      'with recursive r (n) as (select 1 union all select n + 1 from r) select count(*) from r',
    ],
    [
      'a recursion that doubles',
      'with recursive r (n) as (select 1 union all select n from r, (values (1), (2)) as v (x)) select count(*) from r',
    ],
    ['a product', 'select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b'],
    [
      'a sort of a product',
      'select a * b % 7 as n from generate_series(1, 100000) a, generate_series(1, 100000) b order by 1 limit 1',
    ],
    [
      'an expression',
      `select count(*) from generate_series(1, 20) n where repeat('a', 401 + 2 * n) ~ '^(a*)(a*)(a*)(a*)\\1\\2\\3\\4$'`,
    ],
    [
      'a search',
      "select count(*) from generate_series(1, 1000000) n where repeat('a', 100000 + n) like '%a%a%a%a%a%a%a%a%b'",
    ],
    ['an aggregate', "select length(string_agg(repeat('x', 1000), '')) from generate_series(1, 100000000)"],
    [
      'arithmetic',
      'select length((10::numeric ^ 100000 * n)::text) from generate_series(1, 100000000) n order by 1 limit 1',
    ],
    ['an array', 'select array_length(array_agg(n), 1) from generate_series(1, 2000000000) n'],
  ])('%s ends at the deadline', async (_name, text) => {
    const error = await failure(ask(source, text));
    // what does not fit the server's memory for one value ends before
    expect(['query.timeout', 'query.too_complex', 'query.resources']).toContain(error.code);
    await requireHealthy(source);
    const { rows } = await admin.query(
      "select query from pg_stat_activity where state = 'active' and datname = current_database() and pid <> pg_backend_pid()",
    );
    expect(rows).toEqual([]);
  });

  it.each([
    ["select repeat('x', 1000000000) as cell", 'query.result_too_large'],
    ["select repeat('x', 70000000) as cell", 'query.result_too_large'],
    ["select repeat('x', 40000000) as a, repeat('y', 40000000) as b", 'query.result_too_large'],
    ["select repeat('x', 40000000) as cell from generate_series(1, 1000)", 'query.result_too_large'],
    ["select repeat('x', 1000000) as cell from generate_series(1, 100000)", 'query.result_too_large'],
    ["select repeat(repeat('x', 1000000), 2000000) as cell", 'query.too_complex'],
  ])('%s is refused before it fills the memory', async (text, code) => {
    const before = process.memoryUsage.rss();
    expect((await failure(ask(source, text, largeMs))).code).toBe(code);
    expect(process.memoryUsage.rss() - before).toBeLessThan(700 * 1024 * 1024);
    await requireHealthy(source);
  });

  it('takes a cell that is large and not too large', async () => {
    const result = await ask(source, "select repeat('x', 50000000) as cell", largeMs);
    expect(result).toMatchObject({ truncated: false, rows: [[expect.stringMatching(/^x{100}/)]] });
  });
});

describeEngine('mariadb', () => {
  let database: FreshDatabase;
  let source: Source;
  let packet: string;

  const administer = async (text: string): Promise<any> => {
    const admin = await createConnection(database.url);
    try {
      return (await admin.query(text))[0];
    } finally {
      await admin.end();
    }
  };

  beforeAll(async () => {
    database = await freshMariadbDatabase();
    // sessions take the size with which they are opened
    packet = String((await administer('select @@global.max_allowed_packet as size'))[0].size);
    await administer('set global max_allowed_packet = 1073741824');
    source = await oneSession('mariadb', { connectionString: database.url, ssl: false });
  });
  afterAll(async () => {
    await source?.close();
    await administer(`set global max_allowed_packet = ${packet}`);
    await database?.drop();
  });

  it.each([
    [
      'a recursion',
      'with recursive r (n) as (select 1 union all select r.n from r, (select 1 as x union all select 2) v) select count(*) from r',
    ],
    ['a product', 'select count(*) from seq_1_to_100000 a, seq_1_to_100000 b where a.seq + b.seq < 0'],
    [
      'a sort of a product',
      'select a.seq * b.seq % 7 as n from seq_1_to_100000 a, seq_1_to_100000 b order by 1 limit 1',
    ],
    [
      'an expression',
      "select count(*) from seq_1_to_100000000 s where concat(repeat('a', 300), s.seq) regexp '^(a+)+b'",
    ],
    [
      'a search',
      "select count(*) from seq_1_to_1000000 s where concat(s.seq, repeat('a', 100000)) like '%a%a%a%a%a%a%a%a%b'",
    ],
    ['a hash', 'select count(*) from seq_1_to_100000000 s where sha2(repeat(s.seq, 10000), 512) = 1'],
  ])('%s ends at the deadline', async (_name, text) => {
    expect((await failure(ask(source, text))).code).toBe('query.timeout');
    await requireHealthy(source);
    const running = await administer(
      `select info from information_schema.processlist where db = '${database.database}' and command not in ('Sleep') and id <> connection_id()`,
    );
    expect(running).toEqual([]);
  });

  it.each([
    ["select repeat('x', 1000000000) as cell", 'query.result_too_large'],
    ["select repeat('x', 70000000) as cell", 'query.result_too_large'],
    ["select repeat('x', 40000000) as a, repeat('y', 40000000) as b", 'query.result_too_large'],
    ["select repeat('x', 40000000) as cell from seq_1_to_1000", 'query.result_too_large'],
    ["select repeat('x', 1000000) as cell from seq_1_to_100000", 'query.result_too_large'],
  ])('%s is refused before it fills the memory', async (text, code) => {
    const before = process.memoryUsage.rss();
    expect((await failure(ask(source, text, largeMs))).code).toBe(code);
    expect(process.memoryUsage.rss() - before).toBeLessThan(700 * 1024 * 1024);
    await requireHealthy(source);
  });

  it('takes a cell that is large and not too large', async () => {
    const result = await ask(source, "select repeat('x', 50000000) as cell", largeMs);
    expect(result).toMatchObject({ truncated: false, rows: [[expect.stringMatching(/^x{100}/)]] });
  });
});

describe('sqlite', () => {
  let folder: string;
  let source: Source;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'sluice-attacks-'));
    const file = path.join(folder, 'attacked.sqlite');
    const db = new DatabaseSync(file);
    db.exec('create table numbers (n integer primary key)');
    db.exec(
      'with recursive r (n) as (select 1 union all select n + 1 from r limit 10000) insert into numbers select n from r',
    );
    db.close();
    source = await oneSession('sqlite', { database: file });
  });
  afterAll(async () => {
    await source?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    [
      'a recursion without an end',
      'with recursive r (n) as (select 1 union all select n + 1 from r) select count(*) from r',
    ],
    ['a product', 'select count(*) from numbers a, numbers b, numbers c where a.n + b.n + c.n < 0'],
    [
      'a sort of a product',
      'select a.n * b.n % 7 as n from numbers a, numbers b, numbers c order by 1 limit 1',
    ],
    [
      'a pattern',
      "select count(*) from numbers a, numbers b where hex(zeroblob(50000 + a.n + b.n)) like '%0%0%0%0%0%0%0%0%1'",
    ],
    [
      'a glob',
      "select count(*) from numbers a, numbers b where hex(zeroblob(50000 + a.n + b.n)) glob '*0*0*0*0*0*0*0*0*1'",
    ],
    ['a function', 'select sum(length(hex(zeroblob(1000000 + a.n + b.n)))) from numbers a, numbers b'],
  ])('%s ends at the deadline', async (_name, text) => {
    expect((await failure(ask(source, text))).code).toBe('query.timeout');
    await requireHealthy(source);
  });

  it.each([
    ['select zeroblob(1000000000) as cell', 'query.result_too_large'],
    ['select hex(zeroblob(500000000)) as cell', 'query.result_too_large'],
    ["select printf('%.*c', 1000000000, 'x') as cell", 'query.result_too_large'],
    ["select replace(hex(zeroblob(1000000)), '0', hex(zeroblob(1000))) as cell", 'query.result_too_large'],
    ['select hex(zeroblob(20000000)) as a, hex(zeroblob(20000000)) as b', 'query.result_too_large'],
    ['select hex(zeroblob(10000000)) as cell from numbers', 'query.result_too_large'],
    ['select hex(zeroblob(500000)) as cell from numbers', 'query.result_too_large'],
    [
      'select group_concat(hex(zeroblob(10000000))) as cell from numbers where n < 10',
      'query.result_too_large',
    ],
  ])('%s is refused before it fills the memory', async (text, code) => {
    const before = process.memoryUsage.rss();
    expect((await failure(ask(source, text, largeMs))).code).toBe(code);
    expect(process.memoryUsage.rss() - before).toBeLessThan(700 * 1024 * 1024);
    await requireHealthy(source);
  });

  it('a row of many large cells ends with the memory that one statement may have', async () => {
    const cells = Array.from({ length: 200 }, (_, n) => `hex(zeroblob(30000000)) as c${n}`).join(', ');
    expect((await failure(ask(source, `select ${cells}`, largeMs))).code).toBe('query.resources');
    await requireHealthy(source);
  });
});
