import { postgresqlEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

describe('many statements on few sessions', () => {
  let service: TestService;
  let engine: SqlEngine;
  let connectionId: string;
  let greedy: TestUser;
  let modest: TestUser;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), postgresqlEngine()]);
    const created = await service.api('POST', '/api/database/connections', {
      name: 'e',
      ...engine.target,
      maxConnections: 2,
    });
    connectionId = created.body.id;
    [greedy, modest] = await Promise.all([service.user('user'), service.user('user')]);
    for (const { id } of [greedy, modest]) {
      await service.api('PUT', `/api/database/connections/${connectionId}/permissions/${id}`, {
        allowedTables: ['public.numbers'],
      });
    }
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  const ask = (query: string, { token }: TestUser): Promise<Answer> =>
    service.api('POST', '/api/database/query', { connectionId, query, cache: 'bypass' }, token);
  const busy = 'SELECT count(*) AS c FROM numbers a, numbers b WHERE a.n + b.n < 0 AND b.n <= 200';

  /** Takes long enough for all that are sent at once to have arrived. */
  const busier = 'SELECT count(*) AS c FROM numbers a, numbers b WHERE a.n + b.n < 0 AND b.n <= 1000';

  it('lets one user through between the many of another', async () => {
    const done: number[] = [];
    const many = Array.from({ length: 60 }, async () => {
      const { status } = await ask(busy, greedy);
      done.push(status);
      return status;
    });
    while (done.length === 0) await ask('SELECT count(*) AS c FROM numbers', modest);
    const before = done.length;
    const { status } = await ask('SELECT count(*) AS c FROM numbers', modest);
    // Its turn comes with one of the next places, not behind all that waited before.
    expect([status, done.length - before < 20]).toEqual([200, true]);
    expect(new Set(await Promise.all(many))).toEqual(new Set([200]));
  });

  it('refuses what would wait in too long a row, and says when to come again', async () => {
    const answers = await Promise.all(Array.from({ length: 320 }, () => ask(busier, greedy)));
    const codes = new Set(answers.map(({ status, body }) => (status === 200 ? 200 : body.code)));
    expect(codes).toContain(200);
    expect(codes).toContain('request.rate_limited');
    for (const { status, headers, body } of answers) {
      const waitedTooLong = ['request.rate_limited', 'connection.pool_exhausted'].includes(body.code);
      expect(status === 200 || waitedTooLong).toBe(true);
      expect(headers.get('retry-after')).toBe(status === 200 ? null : '1');
    }
    expect((await ask('SELECT count(*) AS c FROM numbers', modest)).status).toBe(200);
  });
});
