import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from '@photostructure/sqlite';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres';
import { testServer } from '../servers/servers';
import { mariadbEngine, postgresqlEngine, sqliteEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

/** What the same thing is called or allowed on each engine. */
interface Dialectal {
  /** Columns that one SELECT may have at most, and the code of one more; `null` where only its length limits it. */
  readonly mostColumns: number;
  readonly oneMore: string | null;
  readonly megabytes: string;
  readonly textLength: string;
  readonly bigint: string;
  /** Ends the session in which the slow statement runs. */
  kill(engine: SqlEngine): Promise<void>;
  /** Transactions that nobody works in. */
  idleTransactions(engine: SqlEngine): Promise<number>;
}

async function onPostgresql<T>(sql: string, values: unknown[]): Promise<T[]> {
  const client = new Client({ connectionString: testServer('postgresql').url });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

async function onMariadb<T>(sql: string, values: unknown[]): Promise<T[]> {
  const client = await createConnection(testServer('mariadb').url);
  try {
    return (await client.query(sql, values))[0] as T[];
  } finally {
    await client.end();
  }
}

/** The processes that this one has for SQLite files. */
function sqliteChildren(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const parent = / (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.slice(1));
        return (
          Number(parent?.[1]) === process.pid &&
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('sqlite')
        );
      } catch {
        return false;
      }
    });
}

const dialects: Readonly<Record<SqlEngine['type'], Dialectal>> = {
  postgresql: {
    mostColumns: 1664,
    oneMore: 'query.too_complex',
    megabytes: `SELECT repeat('x', 100000) AS x FROM numbers`,
    textLength: 'SELECT length($1::text) AS n',
    bigint: 'SELECT $1::int8 AS n',
    async kill({ target }) {
      await onPostgresql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND query LIKE '%numbers a%'`,
        [target.database],
      );
    },
    async idleTransactions({ target }) {
      const rows = await onPostgresql(
        `SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND state LIKE 'idle in transaction%'`,
        [target.database],
      );
      return rows.length;
    },
  },
  mariadb: {
    mostColumns: 30_000,
    oneMore: null,
    megabytes: `SELECT repeat('x', 100000) AS x FROM numbers`,
    textLength: 'SELECT length(?) AS n',
    bigint: 'SELECT cast(? AS signed) AS n',
    async kill({ target }) {
      const rows = await onMariadb<{ id: number }>(
        `SELECT id FROM information_schema.processlist WHERE db = ? AND info LIKE '%numbers a%'`,
        [target.database],
      );
      for (const { id } of rows) await onMariadb(`KILL ${id}`, []);
    },
    async idleTransactions({ target }) {
      const rows = await onMariadb(
        `SELECT 1 FROM information_schema.innodb_trx t JOIN information_schema.processlist p
         ON p.id = t.trx_mysql_thread_id WHERE p.db = ?`,
        [target.database],
      );
      return rows.length;
    },
  },
  sqlite: {
    mostColumns: 2000,
    oneMore: 'query.too_complex',
    megabytes: `SELECT hex(zeroblob(50000)) AS x FROM numbers`,
    textLength: 'SELECT length(?) AS n',
    bigint: 'SELECT cast(? AS integer) AS n',
    async kill() {
      for (const pid of sqliteChildren()) process.kill(pid, 'SIGKILL');
    },
    idleTransactions: async () => 0,
  },
};

describe.each([
  ['PostgreSQL', postgresqlEngine],
  ['MariaDB', mariadbEngine],
  ['SQLite', sqliteEngine],
] as const)('bad input on %s', (_, startEngine) => {
  let service: TestService;
  let engine: SqlEngine;
  let dialect: Dialectal;
  let connectionId: string;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), startEngine()]);
    dialect = dialects[engine.type];
    const body = { name: 'e', ...engine.target, readOnly: false };
    connectionId = (await service.api('POST', '/api/database/connections', body)).body.id;
  });
  afterEach(async () => {
    // A session is reset behind the answer, and free again a moment later.
    let left = '';
    for (let n = 0; n < 100 && left !== '200,0,0,0,0'; n++) {
      left = (await remains()).join();
      await sleep(20);
    }
    if (left !== '200,0,0,0,0') throw new Error(`answers, busy, waiting, pending, open: ${left}`);
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  /** Whether it still answers, and what is left of the runs before: none of it may be. */
  async function remains(): Promise<number[]> {
    const { status } = await ask('SELECT count(*) AS c FROM people');
    const all = (await service.api('GET', '/api/database/status?limit=500')).body.items;
    const of = (name: string): number =>
      all.reduce((sum: number, { pool }: any) => sum + (pool?.[name] ?? 0), 0);
    const pending = await service.api('GET', '/api/database/history?status=pending');
    return [
      status,
      of('busy'),
      of('waiting'),
      pending.body.items.length,
      await dialect.idleTransactions(engine),
    ];
  }

  const send = (body: unknown, auth?: string): Promise<Answer> =>
    service.api('POST', '/api/database/query', body, auth);
  const ask = (query: unknown, more: Record<string, unknown> = {}): Promise<Answer> =>
    send({ connectionId, query, cache: 'bypass', ...more });
  const columns = (count: number): string =>
    `SELECT ${Array.from({ length: count }, (_unused, n) => n % 10).join(',')}`;

  it.each([
    ['a number as statement', { query: 7 }, 400, 'request.invalid'],
    ['a list as statement', { query: [] }, 400, 'request.invalid'],
    ['no statement', {}, 400, 'request.invalid'],
    ['an unknown member', { query: 'SELECT 1', timeout: 5 }, 400, 'request.invalid'],
    ['a member of the prototype', { query: 'SELECT 1', toString: 5 }, 400, 'request.invalid'],
    ['parameters that are no list', { query: 'SELECT 1', params: 'x' }, 400, 'request.invalid'],
    ['too many parameters', { query: 'SELECT 1', params: new Array(1001).fill(1) }, 400, 'request.invalid'],
    ['a NUL in a parameter', { query: 'SELECT 1', params: ['a\0b'] }, 400, 'request.invalid'],
    ['half a character in a parameter', { query: 'SELECT 1', params: ['\ud800'] }, 400, 'request.invalid'],
    ['no rows', { query: 'SELECT 1', maxRows: 0 }, 400, 'request.invalid'],
    ['a fraction of a row', { query: 'SELECT 1', maxRows: 1.5 }, 400, 'request.invalid'],
    ['a text as number of rows', { query: 'SELECT 1', maxRows: '5' }, 400, 'request.invalid'],
    ['too many rows', { query: 'SELECT 1', maxRows: 2 ** 31 }, 400, 'request.invalid'],
    ['a time before now', { query: 'SELECT 1', timeoutMs: -1 }, 400, 'request.invalid'],
    ['an unknown mode', { query: 'SELECT 1', rowMode: 'csv' }, 400, 'request.invalid'],
    ['a connection that is no UUID', { query: 'SELECT 1', connectionId: '1 OR 1=1' }, 400, 'request.invalid'],
    [
      'a connection that is not there',
      { query: 'SELECT 1', connectionId: randomUUID() },
      404,
      'resource.not_found',
    ],
    ['nothing', { query: '' }, 400, 'query.empty'],
    ['a comment', { query: '/* SELECT 1 */ -- 2' }, 400, 'query.empty'],
    ['two statements', { query: 'SELECT 1; SELECT 2' }, 400, 'query.multiple_statements'],
    [
      'two statements in a comment',
      { query: 'SELECT 1 /* ; */; DROP TABLE people' },
      400,
      'query.multiple_statements',
    ],
    ['a NUL', { query: 'SELECT 1\0' }, 400, 'query.invalid_text'],
    ['half a character', { query: `SELECT '\ud800'` }, 400, 'query.invalid_text'],
    ['an open quote', { query: `SELECT 'x` }, 400, 'query.syntax'],
    [
      '10,000 parentheses',
      { query: `SELECT ${'('.repeat(1e4)}1${')'.repeat(1e4)}` },
      400,
      'query.too_complex',
    ],
    ['10,000 NOTs', { query: `SELECT ${'NOT '.repeat(1e4)}1` }, 400, 'query.too_complex'],
    ['100,000 columns', { query: `SELECT ${'1,'.repeat(99_999)}1` }, 400, 'query.too_long'],
  ])('refuses %s', async (_name, body, status, code) => {
    const answer = await send({ connectionId, ...body });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toMatch('application/problem+json');
  });

  it('refuses an operation where SQL is spoken', async () => {
    const { status, body } = await ask({ operation: 'find', collection: 'people' });
    expect([status, body.code]).toEqual([400, expect.stringMatching(/^query\.(?:syntax|unsupported)$/)]);
  });

  it.each([
    ['broken JSON', '{"query": "SELECT 1', 400, 'request.malformed'],
    ['a list', '[{"query": "SELECT 1"}]', 400, 'request.invalid'],
    ['null', 'null', 400, 'request.invalid'],
    ['invalid UTF-8', Buffer.from('{"query":"SELECT \'\xff\xfe\'"}', 'latin1'), 400, 'request.malformed'],
    ['10 MB', `{"query":"SELECT '${'x'.repeat(10_000_000)}'"}`, 413, 'request.too_large'],
    [
      '100,000 levels',
      `{"query":"SELECT 1","params":${'['.repeat(1e5)}${']'.repeat(1e5)}}`,
      400,
      'request.invalid',
    ],
    [
      'an overwritten prototype',
      '{"query":"SELECT 1","__proto__":{"role":"admin"}}',
      400,
      'request.malformed',
    ],
  ])('refuses %s as body', async (_name, body, status, code) => {
    const answer = await send(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('gives as many columns as the engine can, and says so when it cannot', async () => {
    const most = await ask(columns(dialect.mostColumns), { rowMode: 'array' });
    expect([most.status, most.body.columns?.length, most.body.data?.[0].length]).toEqual([
      200,
      dialect.mostColumns,
      dialect.mostColumns,
    ]);
    const names = (await ask(columns(dialect.mostColumns))).body;
    expect(Object.keys(names.data[0])).toHaveLength(dialect.mostColumns);
    for (const count of [dialect.mostColumns + 1, 30_000]) {
      expect((await ask(columns(count))).body.code ?? null).toBe(dialect.oneMore);
    }
  });

  it('takes a large parameter whole', async () => {
    const { body } = await ask(dialect.textLength, { params: ['x'.repeat(900_000)] });
    expect(Number(body.data[0].n)).toBe(900_000);
  });

  it('never rounds a parameter: 64-bit numbers come as text', async () => {
    const rounded = await send(
      `{"connectionId":"${connectionId}","query":${JSON.stringify(dialect.bigint)},"params":[9007199254740993]}`,
    );
    expect(rounded.body).toMatchObject({ code: 'request.invalid', errors: [{ path: '/params' }] });
    for (const n of ['9007199254740993', '-9223372036854775808']) {
      expect(String((await ask(dialect.bigint, { params: [n] })).body.data[0].n)).toBe(n);
    }
  });

  it.each([[{ a: { b: [1] } }], [[[1], [2, [3]]]], ['no number'], [true], [null]])(
    'survives the parameter %j for a number',
    async (value) => {
      const { status } = await ask(`SELECT name FROM people WHERE id = ${engine.placeholder}`, {
        params: [value],
      });
      expect(status).toBeLessThan(500);
    },
  );

  it('refuses a result that is too large for one answer before its memory is spent', async () => {
    const { status, body } = await ask(dialect.megabytes);
    expect([status, body.code]).toEqual([413, 'query.result_too_large']);
  });

  it('shows nobody what is of others', async () => {
    const [owner, stranger] = await Promise.all([service.user('user'), service.user('user')]);
    for (const { id } of [owner]) {
      await service.api('PUT', `/api/database/connections/${connectionId}/permissions/${id}`, {});
    }
    const asOwner = (method: string, path: string, body?: unknown): Promise<Answer> =>
      service.api(method, path, body, owner.token);
    const run = await send({ connectionId, query: 'SELECT 1 AS one' }, owner.token);
    const saved = await asOwner('POST', '/api/database/saved-queries', {
      name: 'mine',
      connectionId,
      statement: 'SELECT 1 AS one',
    });
    const kept = await asOwner('POST', `/api/database/saved-queries/${saved.body.id}/results`);
    const key = await asOwner('POST', '/api/auth/api-keys', { name: 'mine' });
    const [session] = (await asOwner('GET', '/api/auth/sessions')).body.items;
    const targets: [string, string, unknown?][] = [
      ['GET', `/api/database/connections/${connectionId}`],
      ['PUT', `/api/database/connections/${connectionId}/activate`],
      ['GET', `/api/database/connections/${connectionId}/events`],
      ['GET', `/api/database/schema?connectionId=${connectionId}`],
      ['GET', `/api/database/history/${run.body.queryId}`],
      ['DELETE', `/api/database/query/${run.body.queryId}`],
      ['GET', `/api/database/saved-queries/${saved.body.id}`],
      ['PATCH', `/api/database/saved-queries/${saved.body.id}`, { name: 'yours' }],
      ['DELETE', `/api/database/saved-queries/${saved.body.id}`],
      ['POST', `/api/database/saved-queries/${saved.body.id}/results`],
      ['GET', `/api/database/saved-queries/${saved.body.id}/results`],
      ['GET', `/api/database/saved-results/${kept.body.id}`],
      ['DELETE', `/api/auth/api-keys/${key.body.id}`],
      ['DELETE', `/api/auth/sessions/${session.id}`],
    ];
    const answered = async ({ token }: TestUser): Promise<string[]> =>
      Promise.all(
        targets.map(async ([method, path, body]) => {
          const answer = await service.api(method, path, body, token);
          return `${method} ${path} ${answer.status}`;
        }),
      );
    expect(await answered(stranger)).toEqual(targets.map(([method, path]) => `${method} ${path} 404`));
    expect((await asOwner('GET', `/api/database/saved-results/${kept.body.id}`)).status).toBe(200);
  });

  it('says that the database was lost when it dies in mid-query, and goes on with the next', async () => {
    for (let n = 0; n < 3; n++) {
      const running = ask(engine.slow(60), { timeoutMs: 30_000 });
      await until(
        async () => (await service.api('GET', '/api/database/query/running')).body.items.length === 1,
      );
      await sleep(100);
      await dialect.kill(engine);
      const { status, body } = await running;
      expect([status, body.code]).toEqual([502, 'connection.lost']);
      expect((await ask('SELECT 1 AS one')).body.data).toEqual([{ one: 1 }]);
    }
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let n = 0; !(await holds()); n++) {
    if (n === 300) throw new Error(`never: ${holds.toString()}`);
    await sleep(30);
  }
}

describe('databases that are not what they should be', () => {
  let service: TestService;

  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.close());

  const connect = async (target: Record<string, unknown>): Promise<string> => {
    const body = { name: randomUUID(), readOnly: false, ...target };
    return (await service.api('POST', '/api/database/connections', body)).body.id;
  };
  const ask = (connectionId: string, query: string, more = {}): Promise<Answer> =>
    service.api('POST', '/api/database/query', { connectionId, query, ...more });
  const pendingRuns = async (): Promise<unknown[]> =>
    (await service.api('GET', '/api/database/history?status=pending')).body.items;

  it.each([
    ['postgresql', 'postgresql', 5432],
    ['mariadb', 'mariadb', 3306],
  ] as const)('on %s: down, of another password, and silent', async (type, server, port) => {
    const url = new URL(testServer(server).url);
    const target = {
      type,
      host: url.hostname,
      port: Number(url.port || port),
      database: type === 'mariadb' ? 'mysql' : 'postgres',
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
    };
    expect((await ask(await connect({ ...target, port: 1 }), 'SELECT 1')).body.code).toBe(
      'connection.refused',
    );
    const wrong = await ask(await connect({ ...target, password: 'wrong' }), 'SELECT 1');
    expect([wrong.status, wrong.body.code]).toEqual([502, 'connection.auth_failed']);
    const silent: Server = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const slow = await connect({ ...target, port: (silent.address() as { port: number }).port });
    const answer = await ask(slow, 'SELECT 1', { timeoutMs: 300 });
    expect([answer.status, answer.body.code]).toEqual([504, 'query.timeout']);
    silent.close();
    expect(await pendingRuns()).toEqual([]);
  });

  it('lose nothing when their server stops under many runs', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-stop-'));
    const server = await startEmbeddedPostgres({
      dir: join(dir, 'data'),
      password: 'secret',
      removeAfterwards: dir,
    });
    const { host, port } = server;
    const id = await connect({
      type: 'postgresql',
      host,
      port,
      database: 'postgres',
      username: 'sluice',
      password: 'secret',
    });
    const slow = `SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b`;
    const running = Array.from({ length: 20 }, () => ask(id, slow, { timeoutMs: 25_000 }));
    await until(
      async () => (await service.api('GET', '/api/database/query/running')).body.items.length === 20,
    );
    await sleep(200);
    await server.stop();
    for (const { status, body } of await Promise.all(running)) {
      expect([status, body.code]).toEqual([expect.any(Number), expect.stringMatching(/^connection\./)]);
      expect(status).toBeGreaterThanOrEqual(502);
    }
    expect(await pendingRuns()).toEqual([]);
    const { items } = (await service.api('GET', '/api/database/status?limit=500')).body;
    const { state, pool } = items.find((item: any) => item.connectionId === id);
    expect(['down', 'degraded']).toContain(state);
    expect([pool?.busy ?? 0, pool?.waiting ?? 0]).toEqual([0, 0]);
  });

  it('keep an SQLite file whole when its disk is full', async () => {
    const place = mkdtempSync(join(tmpdir(), 'sluice-full-'));
    // A small file system of its own where this may mount one; elsewhere a file that may not grow.
    const mounted = mount(place);
    const file = join(place, 'small.sqlite');
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE t (x TEXT)');
    database.close();
    try {
      const id = await connect({ type: 'sqlite', database: file });
      const write = (): Promise<Answer> =>
        ask(id, `INSERT INTO t VALUES (hex(zeroblob(${mounted ? 1_000_000 : 600_000_000})))`);
      const { status, body } = await write();
      expect(body.code).toMatch(mounted ? /^query\.resources$/ : /^query\.(?:resources|result_too_large)$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect((await ask(id, 'SELECT count(*) AS c FROM t')).body.data).toEqual([{ c: 0 }]);
      expect((await ask(id, `INSERT INTO t VALUES ('fits')`)).body.rowCount).toBe(1);
      await service.api('DELETE', `/api/database/connections/${id}`);
      await until(async () => sqliteChildren().length === 0);
      const after = new DatabaseSync(file);
      expect(after.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
      after.close();
    } finally {
      if (mounted) execFileSync('umount', ['-l', place]);
      rmSync(place, { recursive: true, force: true });
    }
  });
});

function mount(place: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', place], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
