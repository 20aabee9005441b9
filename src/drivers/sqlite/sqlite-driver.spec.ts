import { execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from '@photostructure/sqlite';
import type { AppError } from '../../common/app-error';
import { RawJson, type Cell } from '../cell';
import type { ConnectOptions, QueryRequest, Source } from '../driver';
import { sqliteDriver } from './sqlite-driver';

const never = new AbortController().signal;
const options: ConnectOptions = {
  maxSessions: 2,
  keepSessions: 1,
  idleMs: 60_000,
  recycleMs: 600_000,
  prePingAfterMs: 1_000,
  connectTimeoutMs: 10_000,
  acquireTimeoutMs: 5_000,
  readOnly: false,
  applicationName: 'test',
  resolveHost: () => Promise.reject(new Error('no host is resolved')),
  resolveFile: (file) => Promise.resolve(file),
};

let dir: string;
let file: string;
let sources: Source[];

const execute = (sql: string, target = file): void => {
  const db = new DatabaseSync(target);
  db.exec(sql);
  db.close();
};

async function open(
  overrides: Partial<ConnectOptions> = {},
  target = file,
  busyTimeoutMs = 100,
): Promise<Source> {
  const config = sqliteDriver.parseConfig({ database: target, options: { busyTimeoutMs } });
  const source = await sqliteDriver.connect(config, { ...options, ...overrides }, never);
  sources.push(source);
  return source;
}

async function run(source: Source, text: string, extra: Partial<QueryRequest> = {}, signal = never) {
  const cursor = await source.query(
    { text, values: [], access: 'read', timeoutMs: 30_000, ...extra },
    signal,
  );
  await using _ = cursor;
  const rows = await cursor.read(100_000);
  return { columns: cursor.columns, rows, affectedRows: cursor.affectedRows };
}

const write = (source: Source, text: string, values: unknown[] = []) =>
  run(source, text, { access: 'write', values });
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const outcome: unknown = await work.then(
    () => ({ code: 'nothing was refused' }),
    (error: unknown) => error,
  );
  return (outcome as AppError).code;
};
const plain = (cell: Cell | undefined): unknown =>
  cell instanceof RawJson ? (JSON.parse(cell.text) as unknown) : cell;

/** The processes below this one that hold a database. */
function children(parent = process.pid): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/status`, 'utf8').includes(`PPid:\t${parent}\n`) &&
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('sqlite/child/main')
        );
      } catch {
        return false;
      }
    });
}

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'sluice-sqlite-'));
  file = path.join(dir, 'a.db');
  sources = [];
  execute("create table t(id integer primary key, name text); insert into t values (1, 'one'), (2, 'two')");
});

afterEach(async () => {
  await Promise.all(sources.map((source) => source.close()));
  rmSync(dir, { recursive: true, force: true });
});

describe('what a statement cannot reach, with nothing but the driver in front of the file', () => {
  const attacks = (other: string, target: string): [string, string][] => [
    ['reading another file', `attach '${other}' as other`],
    ['reading another file by a URI', `attach 'file:${other}?mode=rw' as other`],
    ['writing a copy', `vacuum into '${target}'`],
    ['rewriting the file', 'vacuum'],
    ['leaving', 'detach main'],
    ['an extension', "select load_extension('/lib/x86_64-linux-gnu/libc.so.6')"],
    ['a file function', "select readfile('/etc/passwd')"],
    ['a writing function', `select writefile('${target}', 'x')`],
    ['an editor', "select edit('x')"],
    ['a tokenizer by address', "select fts3_tokenizer('x', x'0000000000000001')"],
    ['the schema as a table', "update sqlite_schema set sql = 'x'"],
    ['settings', 'pragma writable_schema = on'],
    ['settings that only read', 'pragma database_list'],
    ['settings as a table', 'select * from pragma_database_list'],
    ['settings as a function', "select * from pragma_table_info('t')"],
    ['a shared temporary folder', `pragma temp_store_directory = '${dir}'`],
    ['a transaction', 'begin'],
    ['an exclusive transaction', 'begin exclusive'],
    ['the end of one', 'commit'],
    ['a savepoint', 'savepoint a'],
    ['a table others would meet', 'create temp table t(id, name)'],
    ['a trigger others would meet', 'create temp trigger x after insert on t begin delete from t; end'],
    ['a view others would meet', 'create temp view t as select 1'],
    ['a temporary table by name', 'create table temp.t(id)'],
    ['the build', 'select sqlite_source_id()'],
  ];

  it.each(['read', 'write'] as const)('stays inside with %s access', async (access) => {
    const other = path.join(dir, 'other.db');
    const target = path.join(dir, 'stolen.db');
    execute("create table secret(a); insert into secret values ('x')", other);
    const source = await open();
    const before = readFileSync(file);
    for (const [what, text] of attacks(other, target)) {
      const code = await codeOf(run(source, text, { access }));
      expect({
        what,
        refused: ['query.unsupported', 'query.read_only', 'query.unknown_object', 'query.syntax'].includes(
          code,
        ),
      }).toEqual({ what, refused: true });
    }
    expect(existsSync(target)).toBe(false);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect((await run(source, 'select name from t order by id')).rows).toEqual([['one'], ['two']]);
  });

  it('writes nothing with read access, whatever the statement', async () => {
    execute(
      'create index n on t(name); create view v as select * from t; create trigger i instead of insert on v begin insert into t values (9, 9); end',
    );
    const source = await open();
    const before = readFileSync(file);
    for (const text of [
      'insert into t values (3, 3)',
      'insert into v values (3, 3)',
      'replace into t values (1, 1)',
      'with a as (select 1) delete from t',
      'update t set name = 1 returning *',
      'create index i on t(name)',
      'alter table t add column x',
      'analyze',
      'reindex',
    ]) {
      expect({ text, code: await codeOf(run(source, text)) }).toEqual({ text, code: 'query.read_only' });
    }
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('hands nothing of our environment to the process that holds the file', async () => {
    process.env['SLUICE_CANARY'] = 'canary-7c1f';
    try {
      await open();
      const [child] = children();
      expect(readFileSync(`/proc/${child}/environ`, 'utf8')).not.toContain('canary-7c1f');
      expect(readFileSync(`/proc/${child}/environ`, 'utf8')).not.toMatch(/PATH=|HOME=|NODE_OPTIONS=/);
      const descriptors = readdirSync(`/proc/${child}/fd`).length;
      expect(descriptors).toBeLessThan(40);
    } finally {
      delete process.env['SLUICE_CANARY'];
    }
  });

  it('reads tables of modules that prepare writes when touched', async () => {
    execute(`create virtual table r using rtree(id, x0, x1); insert into r values (1, 0, 2);
      create virtual table f using fts5(body); insert into f values ('a gate'), ('a sluice')`);
    const source = await open();
    expect((await run(source, 'select id from r where x0 < 1')).rows).toEqual([[1]]);
    expect((await run(source, "select body from f where f match 'sluice'")).rows).toEqual([['a sluice']]);
    expect(await codeOf(run(source, "insert into f values ('x')"))).toBe('query.read_only');
    expect((await source.introspect(never)).map((table) => table.name)).toEqual(['f', 'r', 't']);
  });
});

describe('values', () => {
  it('loses nothing, whatever class a column holds', async () => {
    execute(`create table c(i integer, r real, t text, b blob, n decimal(10, 2), d date, x);
      insert into c values (9223372036854775807, 1e308, 'a' || char(0) || 'b', x'00ff', 12.50, '2024-02-29', 1);
      insert into c values (-9223372036854775808, 9e999, '', zeroblob(0), 9007199254740993, '2024-03-01', 'text');
      insert into c values ('text', -9e999, x'61', 'text', 'text', 5, x'01');
      insert into c values (1.5, 'text', null, 1, x'02', null, 2.5)`);
    const { columns, rows } = await run(await open(), 'select * from c order by rowid');
    expect(columns).toEqual([
      { name: 'i', type: 'bigint', nativeType: 'INTEGER' },
      { name: 'r', type: 'float', nativeType: 'REAL' },
      { name: 't', type: 'text', nativeType: 'TEXT' },
      { name: 'b', type: 'bytes', nativeType: 'BLOB' },
      { name: 'n', type: 'mixed', nativeType: 'decimal(10, 2)' },
      { name: 'd', type: 'mixed', nativeType: 'date' },
      { name: 'x', type: 'mixed', nativeType: '' },
    ]);
    expect(rows.map((row) => row.map(plain))).toEqual([
      [
        '9223372036854775807',
        1e308,
        'a\0b',
        'AP8=',
        { $numberDouble: '12.5' },
        '2024-02-29',
        { $numberLong: '1' },
      ],
      ['-9223372036854775808', 'Infinity', '', '', { $numberLong: '9007199254740993' }, '2024-03-01', 'text'],
      [
        { $text: 'text' },
        '-Infinity',
        { $binary: { base64: 'YQ==', subType: '00' } },
        { $text: 'text' },
        'text',
        { $numberLong: '5' },
        { $binary: { base64: 'AQ==', subType: '00' } },
      ],
      [
        { $numberDouble: '1.5' },
        { $text: 'text' },
        null,
        { $numberLong: '1' },
        { $binary: { base64: 'Ag==', subType: '00' } },
        null,
        { $numberDouble: '2.5' },
      ],
    ]);
  });

  it('keeps the sign of zero', async () => {
    const { rows } = await run(await open(), 'select ?, ?', {
      values: [{ $numberDouble: '-0.0' }, { $numberDouble: '0' }],
    });
    expect(rows[0]?.map((cell) => (cell instanceof RawJson ? cell.text : cell))).toEqual(['-0', 0]);
  });

  it('types what has no declared type by the values, and decimals as digits', async () => {
    execute(
      "create table c(n decimal(10, 2), d datetime); insert into c values (12.50, '2024-02-29'), (3, '2024-03-01')",
    );
    const { columns, rows } = await run(
      await open(),
      'select n, d, count(*) over () as c, avg(n) over () as a from c',
    );
    expect(columns.map(({ type }) => type)).toEqual(['decimal', 'text', 'integer', 'float']);
    expect(rows).toEqual([
      ['12.5', '2024-02-29', 2, 7.75],
      ['3', '2024-03-01', 2, 7.75],
    ]);
  });

  it('takes every parameter back as it gave the value', async () => {
    const source = await open();
    const values = [
      9007199254740991,
      { $numberLong: '9223372036854775807' },
      { $numberLong: '-9223372036854775808' },
      1.5,
      { $numberDouble: '2' },
      true,
      null,
      'é',
      { $text: 'x' },
      { $binary: { base64: 'AP8=', subType: '00' } },
    ];
    const { rows } = await run(
      source,
      `select ${values.map((_, at) => `typeof(?${at + 1}), ?${at + 1}`).join(', ')}`,
      { values },
    );
    expect(rows[0]).toEqual([
      ...['integer', 9007199254740991, 'integer', '9223372036854775807', 'integer', '-9223372036854775808'],
      ...['real', 1.5, 'real', 2, 'integer', 1, 'null', null, 'text', 'é', 'text', 'x', 'blob', 'AP8='],
    ]);
    for (const value of [
      { $numberLong: '9223372036854775808' },
      { $numberLong: 1 },
      { $binary: { base64: '*' } },
      'a\0b',
      { $text: 'a\0b' },
      [1],
      { a: 1 },
    ]) {
      expect(await codeOf(run(source, 'select ?', { values: [value] }))).toBe('query.invalid_parameter');
    }
  });

  it('shows text that is not UTF-8 with replacement characters, and its bytes when asked', async () => {
    const { rows } = await run(
      await open(),
      "select cast(x'61ff62' as text), cast(cast(x'61ff62' as text) as blob)",
    );
    expect(rows).toEqual([['a\uFFFDb', 'Yf9i']]);
  });
});

describe('writing', () => {
  it('counts changed rows only where rows change', async () => {
    const source = await open();
    expect((await write(source, "insert into t values (3, 'three'), (4, 'four')")).affectedRows).toBe(2);
    expect((await write(source, 'create table empty(a)')).affectedRows).toBe(0);
    expect(
      (await write(source, 'update t set name = ? where id > ? returning id', ['x', 2])).affectedRows,
    ).toBe(2);
    expect((await write(source, 'select 1')).affectedRows).toBeNull();
    expect((await write(source, 'explain delete from t')).affectedRows).toBeNull();
    expect((await write(source, 'delete from t')).affectedRows).toBe(4);
  });

  it('enforces foreign keys and says which kind of constraint refuses', async () => {
    execute('create table c(t_id integer not null references t(id), u integer unique check (u < 10))');
    const source = await open();
    for (const [text, detail] of [
      ['insert into c values (99, 1)', 'A foreign key refuses the change.'],
      ['insert into c values (null, 1)', 'A column must not be NULL.'],
      ['insert into c values (1, 11)', 'A CHECK constraint refuses the change.'],
      ['insert into c values (1, 1), (1, 1)', 'A unique value exists already.'],
      ["insert into t values (1, 'x')", 'The primary key exists already.'],
    ] as const) {
      await expect(write(source, text)).rejects.toMatchObject({ code: 'query.constraint', message: detail });
    }
    expect((await run(source, 'select count(*) from c')).rows).toEqual([[0]]);
  });

  it('leaves nothing half-written when a write is stopped, and goes on at once', async () => {
    const source = await open();
    const stop = new AbortController();
    const many =
      'with recursive n(i) as (select 1 union all select i + 1 from n) insert into t(name) select hex(randomblob(500)) from n';
    const work = codeOf(run(source, many, { access: 'write' }, stop.signal));
    // the pages no longer fit into memory, and are in the file
    while (statSync(file).size < 4_000_000) await sleep(20);
    stop.abort('cancelled');
    expect(await work).toBe('query.cancelled');
    expect((await run(source, 'select count(*) from t')).rows).toEqual([[2]]);
    expect((await run(await open({ readOnly: true }), 'select count(*) from t')).rows).toEqual([[2]]);
    expect((await write(source, "insert into t values (3, 'three')")).affectedRows).toBe(1);
  });

  it('meets a lock of another program as a conflict', async () => {
    const source = await open();
    const other = new DatabaseSync(file);
    other.exec('begin exclusive');
    expect(await codeOf(write(source, 'delete from t'))).toBe('query.lock_conflict');
    expect(await codeOf(run(source, 'select * from t'))).toBe('query.lock_conflict');
    other.exec('rollback');
    other.close();
    expect((await run(source, 'select count(*) from t')).rows).toEqual([[2]]);
  });

  it('reads a write-ahead log that another program is writing, without waiting for it', async () => {
    const other = new DatabaseSync(file);
    other.exec(
      "pragma journal_mode = wal; insert into t values (3, 'three'); begin immediate; insert into t values (4, 'four')",
    );
    const source = await open({ readOnly: true });
    expect((await run(source, 'select count(*) from t')).rows).toEqual([[3]]);
    other.exec('commit');
    expect((await run(source, 'select count(*) from t')).rows).toEqual([[4]]);
    other.close();
  });

  it('says that the file is full, and goes on', async () => {
    execute(
      'create table full(id integer primary key autoincrement); insert into full values (9223372036854775807)',
    );
    const source = await open();
    expect(await codeOf(write(source, 'insert into full values (null)'))).toBe('query.resources');
    expect((await run(source, 'select count(*) from full')).rows).toEqual([[1]]);
  });
});

/** Whether this account may make a file system of its own; a container often may not. */
function mountSmall(place: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', place], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it('survives a full disk where one can be had, with the database whole', async () => {
  const small = mkdtempSync(path.join(dir, 'small-'));
  const full = mountSmall(small);
  try {
    const target = path.join(small, 'a.db');
    execute('create table t(a)', target);
    const source = await open({}, target);
    const big = await write(source, 'insert into t values (zeroblob(2000000))').then(
      () => 'written',
      (error: unknown) => (error as AppError).code,
    );
    expect(big).toBe(full ? 'query.resources' : 'written');
    expect((await run(source, 'select count(*) from t')).rows).toEqual([[full ? 0 : 1]]);
    expect((await write(source, 'insert into t values (1)')).affectedRows).toBe(1);
    await source.close();
  } finally {
    if (full) execFileSync('umount', ['-l', small]);
  }
});

describe('processes', () => {
  it('are never more than the Source may have, however many callers give up before they are there', async () => {
    const source = await open({ maxSessions: 1 });
    let most = 0;
    for (let caller = 0; caller < 10; caller++) {
      const giveUp = new AbortController();
      const asked = codeOf(run(source, 'select 1', {}, giveUp.signal));
      // One turn: it has asked for a process, which takes many to come up.
      await immediate();
      giveUp.abort();
      expect(await asked).toBe('query.cancelled');
      most = Math.max(most, children().length);
    }
    expect(most).toBe(1);
    expect((await run(source, 'select 1')).rows).toHaveLength(1);
    expect(source.pool()).toMatchObject({ open: 1, busy: 0 });
    expect(children()).toHaveLength(1);
  });

  it('give their place up when they do not come up in time, although nobody waits for them any more', async () => {
    const source = await open({ maxSessions: 1, connectTimeoutMs: 1_500 });
    const giveUp = new AbortController();
    const asked = codeOf(run(source, 'select 1', {}, giveUp.signal));
    await immediate();
    const [stuck] = children();
    process.kill(stuck!, 'SIGSTOP');
    giveUp.abort();
    expect(await asked).toBe('query.cancelled');
    expect((await run(source, 'select 1')).rows).toHaveLength(1);
    expect(children()).not.toContain(stuck);
  });

  it('are gone when the Source is closed', async () => {
    const source = await open();
    await Promise.all([run(source, 'select 1'), run(source, 'select 2')]);
    expect(children().length).toBeGreaterThan(0);
    await source.close();
    expect(children()).toEqual([]);
  });

  it('end when idle for long, except those that are kept', async () => {
    const source = await open({ idleMs: 100, keepSessions: 0 });
    await run(source, 'select 1');
    const until = Date.now() + 10_000;
    while (source.pool().open > 0 && Date.now() < until) await sleep(20);
    expect(source.pool()).toMatchObject({ open: 0, idle: 0, busy: 0 });
    expect((await run(source, 'select 1')).rows).toEqual([[1]]);
  });

  it('end with their parent, even in the middle of a statement', async () => {
    const program = path.join(__dirname, 'child', 'main.ts');
    const parent = spawn(
      process.execPath,
      [
        '-e',
        `const child = require('child_process').fork(${JSON.stringify(program)}, [], { serialization: 'advanced',
          execArgv: ['--require', ${JSON.stringify(require.resolve('tsx/cjs'))}], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
        child.once('message', () => {
          child.send({ op: 'query', text: 'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n',
            values: [], access: 'read', limit: 1, maxRows: null });
          process.stdout.write(String(child.pid));
        });
        child.send({ op: 'open', file: ${JSON.stringify(file)}, readOnly: true, busyTimeoutMs: 0 });`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(output.toString());
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    parent.kill('SIGKILL');
    const until = Date.now() + 20_000;
    const alive = (): boolean =>
      existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    while (alive() && Date.now() < until) await sleep(50);
    expect(alive()).toBe(false);
  });
});

describe('the catalog', () => {
  it('describes thousands of tables, and those beside a broken view', async () => {
    const tables = Array.from(
      { length: 3_000 },
      (_, n) => `create table t${n}(id integer primary key, a text references t(id));`,
    );
    execute(
      `begin; ${tables.join('')} commit; create view broken as select * from t1; create view good as select id from t2; drop table t1`,
    );
    const found = await (await open()).introspect(never);
    expect(found).toHaveLength(3_002);
    expect(found.find(({ name }) => name === 'broken')).toMatchObject({ kind: 'view', columns: [] });
    expect(found.find(({ name }) => name === 'good')).toMatchObject({
      kind: 'view',
      columns: [{ name: 'id' }],
    });
    expect(found.find(({ name }) => name === 't2999')?.foreignKeys).toHaveLength(1);
  });

  it('knows row counts after ANALYZE', async () => {
    execute('create index i on t(name); analyze');
    expect((await (await open()).introspect(never))[0]).toMatchObject({ name: 't', rowEstimate: 2 });
  });
});

describe('what a statement rests on', () => {
  const versionOf = async (source: Source, name: string): Promise<string | null> =>
    (await source.describe([{ schema: null, name }], never))[0]?.version ?? null;

  it.each([
    ['a table dropped and made again', 'create table x(a)', 'drop table x; create table x(a)'],
    ['a column that is renamed', 'create table x(a)', 'alter table x rename a to b'],
    ['a view that is replaced', 'create view x as select 1', 'drop view x; create view x as select 2'],
    ['a table that becomes a view', 'create table x(a)', 'drop table x; create view x as select 1 as a'],
  ])('sees %s by another program', async (_name, before, change) => {
    execute(before);
    const source = await open();
    const version = await versionOf(source, 'X');
    const expects = [{ schema: null, name: 'x', version }];
    expect((await run(source, 'select count(*) from x', { expects })).rows).toHaveLength(1);
    execute(change);
    expect(await codeOf(run(source, 'select count(*) from x', { expects }))).toBe('query.schema_changed');
    expect(await versionOf(source, 'x')).not.toBe(version);
  });

  it('keeps what it has checked until its last row', async () => {
    const source = await open();
    const expects = [{ schema: null, name: 't', version: await versionOf(source, 't') }];
    const cursor = await source.query(
      {
        text: 'with recursive n(i) as (select 1 union all select i + 1 from n) select i, t.id from n, t',
        values: [],
        access: 'read',
        timeoutMs: 30_000,
        expects,
      },
      never,
    );
    await cursor.read(1);
    expect(() => execute('drop table t')).toThrow('locked');
    await cursor[Symbol.asyncDispose]();
    execute('drop table t');
    expect(await versionOf(source, 't')).toBeNull();
  });

  it('commits and undoes writes that rest on something, and leaves no transaction behind', async () => {
    execute('create table x(a integer check (a < 5))');
    const source = await open({ maxSessions: 1 });
    const expects = [{ schema: null, name: 'x', version: await versionOf(source, 'x') }];
    const writing = (text: string) => run(source, text, { access: 'write', expects });
    expect((await writing('insert into x values (1), (2) returning a')).rows).toEqual([[1], [2]]);
    expect((await writing('update x set a = a + 1')).affectedRows).toBe(2);
    expect(await codeOf(writing('insert into x values (1), (9)'))).toBe('query.constraint');
    expect(await codeOf(writing('insert or rollback into x values (1), (9)'))).toBe('query.constraint');
    expect((await run(source, 'select a from x')).rows).toEqual([[2], [3]]);
    execute('insert into x values (4)');
    expect((await run(source, 'select count(*) from x', { expects })).rows).toEqual([[3]]);
  });

  it('describes nothing of a view that cannot be compiled, and does not stumble over it', async () => {
    execute('create view broken as select * from missing');
    const source = await open();
    const [found] = await source.describe([{ schema: null, name: 'broken' }], never);
    expect(found).toMatchObject({ kind: 'view', columns: [], definition: 'select * from missing' });
  });
});

describe('a statement with a list of what it may read', () => {
  const all = { schema: null, columns: null };
  const schema = `create table x(id integer primary key, a text, b text); create table y(c); insert into x values (1, 'a', 'b');
    create index x_b on x(b); create view v as select b from x; create view w as select a, id from x;
    create virtual table f using fts5(a, content = 'x', content_rowid = 'id'); create virtual table own using fts5(a);
    insert into own values ('word')`;
  const reads = [{ schema: null, name: 'X', columns: ['ID', 'a'] }];

  it.each([
    ['select a, id, rowid from x where id = 1', [['a', 1, 1]]],
    ['select count(*) from x', [[1]]],
    ['with y as (select a from x) select (select a from y), b.a from (select a from x) b', [['a', 'a']]],
    ["select value from json_each('[1]'), x", [[1]]],
  ])('reads it: %s', async (text, rows) => {
    execute(schema);
    expect((await run(await open(), text, { reads })).rows).toEqual(rows);
  });

  it.each([
    'select b from x',
    "select a from x where b = 'b'",
    'select * from x',
    'select count(b) from x',
    'select a from x order by b',
    'select (select b from x as y) from x',
    'select c from y',
    'select count(*) from main.y',
    'select b from v',
    'select a from w',
    "select rowid from f where f match 'a'",
    'select a from own',
    'select name from sqlite_schema',
    'explain select b from x',
  ])('refuses: %s', async (text) => {
    execute(schema);
    expect(await codeOf(run(await open(), text, { reads }))).toBe('query.unsupported');
  });

  it('lets views and virtual tables read what they are made of, where that is listed', async () => {
    execute(schema);
    const source = await open({ maxSessions: 1 });
    const more = [...reads, { ...all, name: 'w' }, { ...all, name: 'own' }];
    expect((await run(source, 'select a from w', { reads: more })).rows).toEqual([['a']]);
    const search = "select a from own where own match 'word'";
    expect((await run(source, search, { reads: more })).rows).toEqual([['word']]);
    expect(await codeOf(run(source, search, { reads }))).toBe('query.unsupported');
    expect((await run(source, 'select b from x')).rows).toEqual([['b']]);
  });
});

describe('the keyed hash', () => {
  const hashKey = Buffer.alloc(32, 7);
  const expected = (text: string | Buffer): string =>
    createHmac('sha256', hashKey).update(text).digest('hex');

  it('is HMAC-SHA-256 of the bytes of a text', async () => {
    const source = await open();
    const text =
      "select sluice_keyed_hash('a\u00e9'), sluice_keyed_hash(''), sluice_keyed_hash(x'00ff'), sluice_keyed_hash(null)";
    expect((await run(source, text, { hashKey })).rows).toEqual([
      [expected('a\u00e9'), expected(''), expected(Buffer.from([0, 255])), null],
    ]);
  });

  it('is refused without a key, on a session that had one too', async () => {
    const source = await open({ maxSessions: 1 });
    const text = "select sluice_keyed_hash('a')";
    expect((await run(source, text, { hashKey })).rows).toHaveLength(1);
    expect(await codeOf(run(source, text))).toBe('query.unsupported');
  });

  it('cannot be called from a view of the file', async () => {
    execute("create view v as select sluice_keyed_hash('a') as h");
    expect(await codeOf(run(await open(), 'select h from v', { hashKey }))).toBe('query.syntax');
  });
});

it('describes the columns of a table as it is, not as it was when the session last looked', async () => {
  execute('create table grown (a integer); insert into grown values (1)');
  const source = await open({ maxSessions: 1 });
  expect((await run(source, 'select * from grown')).columns.map(({ name }) => name)).toEqual(['a']);
  execute("alter table grown add column b text default 'x'");
  const { columns, rows } = await run(source, 'select * from grown');
  expect(columns.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(rows).toEqual([[1, 'x']]);
});

it('counts what triggers and foreign keys change, and undoes all of it', async () => {
  execute(`create table parent (id integer primary key);
    create table child (id integer references parent on delete cascade);
    create table noted (id integer);
    create trigger noting after insert on parent begin insert into noted values (new.id), (new.id); end;
    insert into parent values (1); insert into child values (1), (1), (1); delete from noted`);
  const source = await open({ readOnly: false });
  const count = async () =>
    (
      await run(
        source,
        'select (select count(*) from parent) + (select count(*) from child) + (select count(*) from noted)',
      )
    ).rows[0]?.[0];
  const bounded = (text: string, maxChangedRows: number) =>
    run(source, text, { access: 'write', maxChangedRows });
  const before = await count();
  for (const [text, changed] of [
    ['delete from parent', 4],
    ['insert into parent values (2)', 3],
    ['insert into noted values (7), (8) returning id', 2],
    ['delete from child', 3],
  ] as const) {
    expect(await codeOf(bounded(text, changed - 1))).toBe('query.write_too_large');
    expect(await count()).toBe(before);
  }
  expect((await bounded('delete from parent', 4)).affectedRows).toBe(1);
});

it('says what is wrong with a damaged file', async () => {
  const bytes = readFileSync(file);
  bytes.fill(0xff, 100, 200);
  writeFileSync(file, bytes);
  await expect(open()).rejects.toMatchObject({ code: 'connection.file_unusable' });
});
