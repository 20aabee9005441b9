import { setTimeout as sleep } from 'node:timers/promises';
import { startTestService, type Answer, type TestService, type TestUser } from './service';
import type { WatchedEngine } from './stop-attempts';
import { ndjsonOf, openStream, readStream } from './stream-request';
import { watchedPostgresql } from './watched-engines';

/** The server's list of sessions may be a moment behind what it has answered. */
async function expectGone(
  engine: { isRunning(marker: string): Promise<boolean> },
  marker: string,
): Promise<void> {
  for (let attempt = 0; attempt < 40 && (await engine.isRunning(marker)); attempt++) await sleep(50);
  expect(await engine.isRunning(marker)).toBe(false);
}

describe('what runs when its permission changes', () => {
  let service: TestService;
  let replica: TestService;
  let engine: WatchedEngine;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), watchedPostgresql()]);
    replica = await service.replica();
    const created = await service.api('POST', '/api/database/connections', { name: 'e', ...engine.target });
    connectionId = created.body.id;
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });
  beforeEach(async () => {
    user = await service.user('user');
    await permit({});
  });

  const permit = async (more: Record<string, unknown>): Promise<void> => {
    const path = `/api/database/connections/${connectionId}/permissions/${user.id}`;
    const body = { allowedTables: engine.allowedTables, maxRowsPerQuery: null, ...more };
    expect((await service.api('PUT', path, body)).status).toBe(200);
  };
  /** A statement that runs on the other replica. */
  const start = async (marker: string): Promise<{ answer: Promise<Answer> }> => {
    const answer = replica.api(
      'POST',
      '/api/database/query',
      { connectionId, query: engine.slow(marker), cache: 'bypass' },
      user.token,
    );
    while (!(await engine.isRunning(marker))) await sleep(20);
    return { answer };
  };

  it.each([
    ['a table is taken away', (): Promise<void> => permit({ allowedTables: [] })],
    ['queries are taken away', (): Promise<void> => permit({ canQuery: false })],
    [
      'the user is switched off',
      async (): Promise<void> =>
        void (await service.api('PATCH', `/api/users/${user.id}`, { isActive: false })),
    ],
    [
      'the user logs out',
      async (): Promise<void> => void (await service.api('POST', '/api/auth/logout', undefined, user.token)),
    ],
  ] as const)('stops on every replica when %s', async (why, change) => {
    const { answer } = await start(`revoked ${why}`);
    await change();
    const { status, body } = await answer;
    expect([status, body.code]).toEqual([403, 'permission.revoked']);
    await expectGone(engine, `revoked ${why}`);
  });

  it('runs on when it would be permitted just the same', async () => {
    const { answer } = await start('runs on');
    await permit({ allowedTables: null, maxRowsPerQuery: 5 });
    await sleep(300);
    expect(await engine.isRunning('runs on')).toBe(true);
    await permit({ allowedTables: [] });
    expect((await answer).body.code).toBe('permission.revoked');
  });

  it('stops when a policy changes what would be sent', async () => {
    const path = `/api/database/connections/${connectionId}/policies`;
    const { answer } = await start('other policies');
    const items = [{ schema: 'public', table: 'numbers', rowFilter: 'n < 100' }];
    expect((await service.api('PUT', path, { items })).status).toBe(200);
    expect((await answer).body.code).toBe('permission.revoked');
    expect((await service.api('PUT', path, { items: [] })).status).toBe(200);
  });

  it('is decided once when what changed had changed before', async () => {
    const commits = async (): Promise<number> => {
      const { text } = await service.api('GET', '/metrics');
      return Number(/^group_commit_requests_sum (\d+)/m.exec(text)?.[1]);
    };
    await permit({ allowedTables: null });
    const before = await commits();
    const body = { connectionId, query: 'SELECT 1', cache: 'bypass' };
    for (let n = 0; n < 10; n++) {
      expect((await service.api('POST', '/api/database/query', body, user.token)).status).toBe(200);
    }
    await service.api('GET', '/api/database/history');
    // An intent and an outcome each, and what bundles outcomes.
    expect((await commits()) - before).toBeLessThan(25);
  });

  it('tells a stream why it broke off', async () => {
    const answer = await openStream(replica, {
      connectionId,
      query: engine.endless('told'),
      token: user.token,
    });
    await service.api('DELETE', `/api/database/connections/${connectionId}/permissions/${user.id}`);
    const { text } = await readStream(answer);
    expect(ndjsonOf(text).trailer).toMatchObject({ status: 'error', error: { code: 'permission.revoked' } });
  });
});

describe('a stream when the service stops', () => {
  it('is told so before its connection is cut', async () => {
    const [service, engine] = await Promise.all([
      startTestService({ shutdownGraceMs: 300 }),
      watchedPostgresql(),
    ]);
    const created = await service.api('POST', '/api/database/connections', { name: 'e', ...engine.target });
    const answer = await openStream(service, {
      connectionId: created.body.id,
      query: engine.endless('shutdown'),
      token: service.admin,
    });
    const [{ text, broken }] = await Promise.all([readStream(answer), service.service.close()]);
    expect([broken, ndjsonOf(text).trailer.error.code]).toEqual([false, 'service.shutting_down']);
    await expectGone(engine, 'shutdown');
    await service.close();
    await engine.drop();
  });
});
