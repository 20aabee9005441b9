import zlib from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { mariadbEngine, postgresqlEngine, sqliteEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService, type TestUser } from './service';
import { ndjsonOf, openStream, readStream, sha256, stream, type Streamed } from './stream-request';

/** A statement whose 4,000th row fails. */
const failsLate: Record<SqlEngine['type'], string> = {
  postgresql: 'SELECT n, 1 / (4000 - n) AS x FROM numbers ORDER BY n',
  // Wide, so that not everything comes in one read of the socket.
  mariadb: `SELECT n, '${'x'.repeat(500)}' AS filler, (SELECT a.n FROM numbers a WHERE a.n IN (1, 2) AND (a.n = 1 OR b.n = 4000)) AS x FROM numbers b ORDER BY n`,
  sqlite:
    'SELECT n, abs(CASE WHEN n = 4000 THEN -9223372036854775807 - 1 ELSE n END) AS x FROM numbers ORDER BY n',
};

/** Formats that are files, and what they begin with. */
const files = [
  ['xlsx', 'xlsx', 'PK\u0003\u0004'],
  ['parquet', 'parquet', 'PAR1'],
  ['arrow', 'arrows', '\u00ff\u00ff\u00ff\u00ff'],
] as const;

describe.each([
  ['PostgreSQL', postgresqlEngine],
  ['MariaDB', mariadbEngine],
  ['SQLite', sqliteEngine],
] as const)('streams on %s', (_, startEngine) => {
  let service: TestService;
  let engine: SqlEngine;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), startEngine()]);
    const created = await service.api('POST', '/api/database/connections', {
      name: 's',
      ...engine.target,
      readOnly: false,
    });
    connectionId = created.body.id;
    user = await service.user('user');
    await permit();
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  const permit = async (more: Record<string, unknown> = {}): Promise<void> => {
    const path = `/api/database/connections/${connectionId}/permissions/${user.id}`;
    const allowedTables = [`${engine.prefix}people`, `${engine.prefix}numbers`];
    expect((await service.api('PUT', path, { allowedTables, ...more })).status).toBe(200);
  };
  const ask = (
    query: unknown,
    format = 'ndjson',
    more: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ): Promise<Streamed> => stream(service, { connectionId, query, format, token: user.token, more, headers });
  const historyOf = async (id: string): Promise<any> => {
    const { body } = await service.api('GET', '/api/database/history?limit=50', undefined, user.token);
    return body.items.find((item: any) => item.id === id);
  };
  const running = async (): Promise<any[]> =>
    (await service.api('GET', '/api/database/query/running', undefined, user.token)).body.items;
  const unread = `SELECT a.n, b.n AS m, '${'x'.repeat(200)}' AS filler FROM numbers a, numbers b`;

  it('gives NDJSON with a typed head, the rows and a trailer that proves them', async () => {
    const { status, headers, text, broken } = await ask('SELECT id, name, email FROM people ORDER BY id');
    expect([status, headers['content-type'], broken]).toEqual([
      200,
      'application/x-ndjson; charset=utf-8',
      false,
    ]);
    expect(headers['x-audit-id']).toBeTruthy();
    const { head, rows, trailer, sha256: hash } = ndjsonOf(text);
    expect(head).toMatchObject({
      queryId: headers['x-query-id'],
      columns: [{ name: 'id' }, { name: 'name', type: 'text', masked: false }, { name: 'email' }],
      metadata: { connectionId, engine: engine.type, statement: 'select' },
    });
    expect(rows).toEqual([
      { id: 1, name: 'Ada', email: 'ada@example.org' },
      { id: 2, name: 'Grace', email: 'grace@example.org' },
      { id: 3, name: 'Edsger', email: null },
    ]);
    expect(trailer).toMatchObject({
      queryId: head.queryId,
      status: 'success',
      rowCount: 3,
      truncated: false,
      sha256: hash,
    });
    expect(await historyOf(head.queryId)).toMatchObject({ status: 'success', rowCount: 3, truncated: false });
  });

  it('gives rows as arrays when asked, takes parameters and streams nothing as nothing', async () => {
    const query = `SELECT id, name FROM people WHERE id > ${engine.placeholder} ORDER BY id`;
    const arrays = await ask(query, 'ndjson', { params: [1], rowMode: 'array' });
    expect(ndjsonOf(arrays.text).rows).toEqual([
      [2, 'Grace'],
      [3, 'Edsger'],
    ]);
    const none = await ask(query, 'ndjson', { params: [9] });
    expect(ndjsonOf(none.text)).toMatchObject({
      head: { columns: [{ name: 'id' }, { name: 'name' }] },
      rows: [],
      trailer: { rowCount: 0 },
    });
    expect(JSON.parse((await ask(query, 'json', { params: [9] })).text)).toEqual([]);
    expect((await ask(query, 'csv', { params: [9] })).text).toBe('id,name\r\n');
  });

  it('gives one JSON array and CSV of the same rows', async () => {
    const query = 'SELECT n FROM numbers ORDER BY n';
    const json = await ask(query, 'json');
    expect(json.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(JSON.parse(json.text)).toEqual(Array.from({ length: 5000 }, (__, n) => ({ n: n + 1 })));
    const csv = await ask(query, 'csv');
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(csv.headers['content-disposition']).toBe(
      `attachment; filename="${String(csv.headers['x-query-id'])}.csv"`,
    );
    expect(csv.text).toBe(`n\r\n${Array.from({ length: 5000 }, (__, n) => `${n + 1}\r\n`).join('')}`);
  });

  it('gives files that begin as what they are, and are compressed once', async () => {
    for (const [format, extension, magic] of files) {
      const { status, headers, body, broken } = await ask(
        'SELECT n FROM numbers',
        format,
        {},
        { 'accept-encoding': 'gzip' },
      );
      const packed = headers['content-encoding'] === 'gzip';
      expect([status, broken, packed]).toEqual([200, false, format === 'arrow']);
      expect(headers['content-disposition']).toMatch(
        new RegExp(`^attachment; filename="[0-9a-f-]+\\.${extension}"$`),
      );
      const bytes = packed ? zlib.gunzipSync(body) : body;
      expect(bytes.subarray(0, magic.length).toString('latin1')).toBe(magic);
    }
  });

  it('holds the limits of the permission, and needs none', async () => {
    await permit({ maxRowsPerQuery: 4999 });
    const capped = ndjsonOf((await ask('SELECT n FROM numbers')).text);
    expect([capped.rows.length, capped.trailer.truncated]).toEqual([4999, true]);
    await permit({ maxRowsPerQuery: null });
    const asked = ndjsonOf((await ask('SELECT n FROM numbers', 'ndjson', { maxRows: 5000 })).text);
    expect([asked.rows.length, asked.trailer.truncated]).toEqual([5000, false]);
    const all = ndjsonOf((await ask('SELECT a.n FROM numbers a, numbers b WHERE b.n <= 5')).text);
    expect([all.trailer.rowCount, all.trailer.truncated]).toEqual([25_000, false]);
    const few = await ask('SELECT n FROM numbers', 'csv', { maxRows: 2 }, { te: 'trailers' });
    expect(few.trailers).toMatchObject({ 'x-row-count': '2', 'x-query-status': 'truncated' });
    await permit();
  });

  it.each([
    ['SELECT * FROM secrets', 'permission.table_denied'],
    ['SELEC 1', 'query.syntax'],
    ['SELECT nope FROM people', 'query.unknown_object'],
    [`INSERT INTO people VALUES (9, 'x', 'y')`, 'query.read_only'],
  ])('refuses %j with %s before anything is sent', async (query, code) => {
    await permit({ canWrite: true });
    for (const format of ['ndjson', 'csv', 'json']) {
      const { status, headers, text } = await ask(query, format);
      expect([status >= 400, headers['content-type'], JSON.parse(text).code]).toEqual([
        true,
        'application/problem+json; charset=utf-8',
        code,
      ]);
      expect(await historyOf(JSON.parse(text).queryId)).toMatchObject({ status: 'error', errorCode: code });
    }
    await permit();
  });

  it('refuses formats and options that it does not know', async () => {
    for (const [format, path] of [
      ['xml', '/format'],
      ['csv&nul=x', '/nul'],
      ['csv&guard=yes', '/guard'],
      ['json&guard=true', '/guard'],
      ['csv&null=%22', '/null'],
      ['csv&format=json', '/format'],
    ]) {
      const { status, text } = await ask('SELECT n FROM numbers', format);
      expect([status, JSON.parse(text).code, JSON.parse(text).errors[0].path]).toEqual([
        400,
        'request.invalid',
        path,
      ]);
    }
  });

  it('tells of a failure behind the first rows, and never ends as if nothing had happened', async () => {
    const query = failsLate[engine.type];
    await permit({ maxRowsPerQuery: null });
    const { text, broken } = await ask(query);
    const { head, rows, trailer, sha256: hash } = ndjsonOf(text);
    expect(broken).toBe(false);
    expect(rows.length).toBeGreaterThan(0);
    expect(trailer).toMatchObject({
      queryId: head.queryId,
      status: 'error',
      rowCount: rows.length,
      sha256: hash,
      error: { code: expect.stringMatching(/^query\./), status: expect.any(Number), queryId: head.queryId },
    });
    expect(await historyOf(head.queryId)).toMatchObject({
      status: 'error',
      errorCode: trailer.error.code,
    });
    for (const format of ['csv', 'json', ...files.map(([name]) => name)]) {
      for (const coding of ['identity', 'gzip']) {
        const answer = await ask(query, format, {}, { 'accept-encoding': coding, te: 'trailers' });
        expect([answer.status, answer.broken, answer.trailers]).toEqual([200, true, {}]);
      }
    }
    await permit();
  });

  it.each([
    ['gzip', (body: Buffer) => zlib.gunzipSync(body)],
    ['br', (body: Buffer) => zlib.brotliDecompressSync(body)],
  ] as const)('compresses with %s when asked', async (coding, open) => {
    const plain = await ask('SELECT n FROM numbers ORDER BY n', 'csv');
    const packed = await ask('SELECT n FROM numbers ORDER BY n', 'csv', {}, { 'accept-encoding': coding });
    expect([plain.headers['content-encoding'], packed.headers['content-encoding']]).toEqual([
      undefined,
      coding,
    ]);
    expect(packed.headers.vary).toBe('accept-encoding');
    expect(packed.body.length).toBeLessThan(plain.body.length);
    expect(open(packed.body).equals(plain.body)).toBe(true);
  });

  it('proves the body by trailers to whoever keeps trailers', async () => {
    const { body, trailers } = await ask('SELECT n FROM numbers', 'json', {}, { te: 'trailers' });
    expect(trailers).toEqual({
      'x-row-count': '5000',
      'x-content-sha256': sha256(body),
      'x-query-status': 'success',
    });
    expect((await ask('SELECT n FROM numbers', 'json')).trailers).toEqual({});
  });

  it('sends the first rows before the last are there', async () => {
    await permit({ maxRowsPerQuery: null });
    const answer = await openStream(service, {
      connectionId,
      query: `SELECT a.n, b.n AS m FROM numbers a, numbers b WHERE a.n + b.n < 3 OR a.n = 5000`,
      token: user.token,
      headers: { 'accept-encoding': 'gzip' },
    });
    const whole = await readStream(answer);
    expect(ndjsonOf(zlib.gunzipSync(whole.body).toString()).trailer.rowCount).toBe(5001);
    const endless = await openStream(service, { connectionId, query: unread, token: user.token });
    const [first] = (await endless[Symbol.asyncIterator]().next()).value.toString().split('\n');
    expect(JSON.parse(first).columns).toHaveLength(3);
    expect((await running()).map(({ queryId }) => queryId)).toContain(JSON.parse(first).queryId);
    endless.destroy();
    await permit();
  });

  it('stops the statement when the reader goes away', async () => {
    await permit({ maxRowsPerQuery: null });
    const answer = await openStream(service, { connectionId, query: unread, token: user.token });
    const id = String(answer.headers['x-query-id']);
    expect((await running()).map(({ queryId }) => queryId)).toContain(id);
    answer.destroy();
    for (let n = 0; n < 200 && (await running()).some(({ queryId }) => queryId === id); n++) await sleep(20);
    expect(await historyOf(id)).toMatchObject({ status: 'cancelled' });
    expect((await ask('SELECT id FROM people')).status).toBe(200);
    await permit();
  });

  it('stops when it is cancelled, and says so', async () => {
    await permit({ maxRowsPerQuery: null });
    for (const format of ['ndjson', 'csv']) {
      const answer = await openStream(service, { connectionId, query: unread, format, token: user.token });
      const id = String(answer.headers['x-query-id']);
      // The reader takes nothing: the stream waits for it, and is stopped all the same.
      await sleep(200);
      const path = `/api/database/query/${id}`;
      const cancelled: Answer = await service.api('DELETE', path, undefined, user.token);
      expect(cancelled.status).toBe(204);
      const { text, broken } = await readStream(answer);
      const code = broken ? 'reset' : ndjsonOf(text).trailer.error.code;
      expect(code).toBe(format === 'csv' ? 'reset' : 'query.cancelled');
      expect(await historyOf(id)).toMatchObject({ status: 'cancelled' });
    }
    await permit();
  });

  it('ends at the deadline', async () => {
    await permit({ maxRowsPerQuery: null });
    const { text } = await ask(unread, 'ndjson', { timeoutMs: 500 });
    expect(ndjsonOf(text).trailer.error).toMatchObject({ code: 'query.timeout', status: 504 });
    await permit();
  });
});
