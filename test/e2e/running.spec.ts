import { setTimeout as sleep } from 'node:timers/promises';
import { startTestService, type Answer, type TestService, type TestUser } from './service';
import type { WatchedEngine } from './stop-attempts';
import { watchedPostgresql } from './watched-engines';

describe('what runs, seen from every replica', () => {
  let first: TestService;
  let second: TestService;
  let engine: WatchedEngine;
  let connectionId: string;
  let user: TestUser;
  let other: TestUser;

  beforeAll(async () => {
    [first, engine] = await Promise.all([startTestService(), watchedPostgresql()]);
    second = await first.replica();
    const created = await first.api('POST', '/api/database/connections', { name: 'e', ...engine.target });
    connectionId = created.body.id;
    [user, other] = await Promise.all([first.user('user'), first.user('user')]);
    for (const { id } of [user, other]) {
      const path = `/api/database/connections/${connectionId}/permissions/${id}`;
      const permission = { allowedTables: engine.allowedTables, maxExecutionTimeSeconds: 60 };
      await first.api('PUT', path, permission);
    }
  });
  afterAll(async () => {
    await first?.close();
    await engine?.drop();
  });

  const start = async (
    service: TestService,
    { token }: TestUser,
    marker: string,
  ): Promise<{ answer: Promise<Answer> }> => {
    const body = { connectionId, query: engine.slow(marker), cache: 'bypass' };
    const answer = service.api('POST', '/api/database/query', body, token);
    while (!(await engine.isRunning(marker))) await sleep(20);
    return { answer };
  };
  const listed = async (service: TestService, token: string): Promise<any[]> =>
    (await service.api('GET', '/api/database/query/running', undefined, token)).body.items;
  const idsOf = (items: any[]): string[] => items.map(({ queryId }) => queryId as string).toSorted();

  it("shows one's own of all replicas, and everybody's to administrators", async () => {
    const mine = await start(first, user, 'mine here');
    const there = await start(second, user, 'mine there');
    const theirs = await start(second, other, 'theirs');
    const own = await listed(first, user.token);
    expect(own.map(({ statement }) => statement)).toEqual([
      engine.slow('mine here'),
      engine.slow('mine there'),
    ]);
    expect(own.every((item) => item.userId === user.id && item.connectionId === connectionId)).toBe(true);
    expect(idsOf(await listed(second, user.token))).toEqual(idsOf(own));
    const all = await listed(first, first.admin);
    expect(all).toHaveLength(3);
    expect(idsOf(await listed(second, first.admin))).toEqual(idsOf(all));

    for (const { queryId } of all) {
      expect((await first.api('DELETE', `/api/database/query/${queryId}`)).status).toBe(204);
    }
    for (const { answer } of [mine, there, theirs]) expect((await answer).body.code).toBe('query.cancelled');
    expect(await listed(first, first.admin)).toEqual([]);
    expect(await listed(second, first.admin)).toEqual([]);
  });

  it('stops it from any replica, answered when the database has confirmed', async () => {
    const { answer } = await start(second, user, 'far away');
    const [{ queryId }] = await listed(first, user.token);
    expect(
      (await first.api('DELETE', `/api/database/query/${queryId}`, undefined, other.token)).body.code,
    ).toBe('query.not_running');
    expect(await engine.isRunning('far away')).toBe(true);
    const { status } = await first.api('DELETE', `/api/database/query/${queryId}`, undefined, user.token);
    expect([status, await engine.isRunning('far away')]).toEqual([204, false]);
    expect((await answer).body.code).toBe('query.cancelled');
    const again = await first.api('DELETE', `/api/database/query/${queryId}`, undefined, user.token);
    expect([again.status, again.body.code]).toEqual([404, 'query.not_running']);
  });
});
