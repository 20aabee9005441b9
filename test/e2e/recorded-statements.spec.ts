import { createHash } from 'node:crypto';
import { OutcomeBundle } from '../../src/modules/query/outcome-bundle';
import { postgresqlEngine, sqliteEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService } from './service';

const CANARY = 'canary-078-05-1120';

describe('what the record keeps of a statement', () => {
  let service: TestService;
  let engine: SqlEngine;
  let connectionId: string;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), postgresqlEngine()]);
    const created = await service.api('POST', '/api/database/connections', { name: 'e', ...engine.target });
    connectionId = created.body.id;
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  const ask = (query: string, params: unknown[] = []): Promise<Answer> =>
    service.api('POST', '/api/database/query', { connectionId, query, params });
  const keep = async (recordLiterals: string): Promise<void> => {
    const path = `/api/database/connections/${connectionId}`;
    expect((await service.api('PATCH', path, { recordLiterals })).body).toMatchObject({ recordLiterals });
  };
  const recordOf = async ({ body }: Answer): Promise<any> => {
    const found = await service.api('GET', `/api/audit?resourceId=${connectionId}&action=query.*&limit=50`);
    return found.body.items.find(({ id }: any) => id === body.queryId);
  };
  const historyOf = async ({ body }: Answer): Promise<any> =>
    (await service.api('GET', `/api/database/history/${body.queryId}`)).body;
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

  it('keeps the statement without its constants, its hash and no parameter', async () => {
    const { body } = await service.api('GET', `/api/database/connections/${connectionId}`);
    expect(body.recordLiterals).toBe('history');
    const text = `SELECT '${CANARY}' AS a, $1::text AS b /* ${CANARY} */`;
    const answer = await ask(text, [CANARY]);
    expect(answer.body.data).toEqual([{ a: CANARY, b: CANARY }]);
    const record = await recordOf(answer);
    expect(record.details).toMatchObject({
      statement: 'SELECT $2 AS a, $1::text AS b',
      statementSha256: sha256(text),
    });
    expect(JSON.stringify(record)).not.toContain(CANARY);
    expect(await historyOf(answer)).toMatchObject({ statement: text });
  });

  it('keeps constants nowhere where the connection says so', async () => {
    await keep('none');
    const ran = await ask(`SELECT '${CANARY}' AS a`);
    const refused = await ask(`DROP TABLE t; SELECT '${CANARY}'`);
    const unreadable = await ask(`SELECT FROM WHERE '${CANARY}'`);
    expect([ran.status, refused.status, unreadable.status]).toEqual([200, 400, 400]);
    expect(await historyOf(ran)).toMatchObject({ statement: 'SELECT $1 AS a', status: 'success' });
    expect((await recordOf(refused)).details).toMatchObject({ statement: 'DROP TABLE t; SELECT $1' });
    expect(await historyOf(unreadable)).toMatchObject({
      statement: null,
      errorMessage: null,
      errorCode: 'query.syntax',
    });
    expect((await recordOf(unreadable)).details).toEqual({
      queryId: unreadable.body.queryId,
      code: 'query.syntax',
      statementSha256: sha256(`SELECT FROM WHERE '${CANARY}'`),
    });
    const kept = [ran, refused, unreadable].map(async (one) => [await recordOf(one), await historyOf(one)]);
    expect(JSON.stringify(await Promise.all(kept))).not.toContain(CANARY);
  });

  it('keeps them in the audit log where the connection says so, and says that they are there', async () => {
    await keep('audit');
    const answer = await ask(`SELECT '${CANARY}' AS a`);
    expect((await recordOf(answer)).details).toMatchObject({
      statement: `SELECT '${CANARY}' AS a`,
      statementAsWritten: true,
    });
  });

  it('keeps the beginning of a long statement, and the hash of the whole', async () => {
    await keep('audit');
    const text = `SELECT '${'x'.repeat(20_000)}' AS a`;
    const { details } = await recordOf(await ask(text));
    expect(details.statement).toBe(text.slice(0, 4096));
    expect(details).toMatchObject({ statementCut: true, statementSha256: sha256(text) });
  });

  it('has the change of what is kept on record', async () => {
    await keep('none');
    const { body } = await service.api(
      'GET',
      `/api/audit?resourceId=${connectionId}&action=connection.update`,
    );
    expect(body.items[0].details).toEqual({ changed: ['recordLiterals'], recordLiterals: 'none' });
    const path = `/api/database/connections/${connectionId}`;
    expect((await service.api('PATCH', path, { recordLiterals: 'everywhere' })).status).toBe(400);
  });

  it('says how many bytes of rows were handed over, in history and in the chain', async () => {
    const answer = await ask(`SELECT 'é' AS a, n FROM generate_series(1, 2) AS n`);
    const rows = JSON.stringify(answer.body.data).slice(1, -1);
    const bytes = Buffer.byteLength(rows);
    expect(await historyOf(answer)).toMatchObject({ bytes, rowCount: 2 });
    await service.service.app.get(OutcomeBundle).flush();
    const { body } = await service.api('GET', '/api/audit?action=query.outcomes&limit=50');
    const runs = body.items.flatMap(({ details }: any) => details.runs);
    expect(runs.find(({ id }: any) => id === answer.body.queryId)).toMatchObject({ bytes, rows: 2 });
  });

  it('says how many bytes of a stream were handed over', async () => {
    const stream = await service.api('POST', '/api/database/query/stream?format=csv', {
      connectionId,
      query: 'SELECT 1 AS a',
    });
    const { body } = await service.api('GET', '/api/database/history?limit=1');
    expect(body.items[0]).toMatchObject({ bytes: Buffer.byteLength(stream.text), rowCount: 1 });
  });

  it('keeps what other engines are asked without constants, too', async () => {
    const sqlite = await sqliteEngine();
    try {
      const body = { name: 'lite', ...sqlite.target };
      const { id } = (await service.api('POST', '/api/database/connections', body)).body;
      const query = `SELECT '${CANARY}' AS a, x'ab' AS b`;
      const answer = await service.api('POST', '/api/database/query', { connectionId: id, query });
      const found = await service.api('GET', `/api/audit?resourceId=${id}&action=query.run`);
      expect(answer.status).toBe(200);
      expect(found.body.items[0].details).toMatchObject({ statement: 'SELECT ? AS a, ? AS b' });
    } finally {
      await sqlite.drop();
    }
  });
});
