import { startTestService, type TestService, type TestUser } from '../e2e/service';
import { attemptStop, causes, expectedCodes, type Attempt, type WatchedEngine } from '../e2e/stop-attempts';
import { watchedMariadb, watchedMongodb, watchedPostgresql, watchedSqlite } from '../e2e/watched-engines';

const TRIES = 200;
/** From the order to stop until the server's own list is without the statement, in milliseconds. */
const GONE_WITHIN_MS = 2000;
const CANCELS = 10_000;

describe.each([
  ['PostgreSQL', watchedPostgresql],
  ['MariaDB', watchedMariadb],
  ['SQLite', watchedSqlite],
  ['MongoDB', watchedMongodb],
] as const)('statements that nobody needs any more on %s', (name, start) => {
  let service: TestService;
  let engine: WatchedEngine;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), start()]);
    const created = await service.api('POST', '/api/database/connections', { name: 'e', ...engine.target });
    connectionId = created.body.id;
    user = await service.user('user');
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  it(
    `are gone within two seconds, ${TRIES} of ${TRIES} times`,
    async () => {
      const attempts: Attempt[] = [];
      for (let n = 0; n < TRIES; n++) {
        attempts.push(await attemptStop(service, engine, connectionId, user, causes[n % causes.length]!));
      }
      const wrong = attempts.filter(
        ({ cause, goneMs, code, next }) =>
          goneMs > GONE_WITHIN_MS || code !== expectedCodes[cause] || next !== 200,
      );
      const slowest = Math.max(...attempts.map(({ goneMs }) => goneMs));
      process.stdout.write(`${name}: the slowest of ${TRIES} was gone after ${slowest.toFixed(0)} ms\n`);
      expect(wrong).toEqual([]);
    },
    TRIES * 10_000,
  );

  it(
    `leave no session behind, ${CANCELS} times`,
    async () => {
      const permission = `/api/database/connections/${connectionId}/permissions/${user.id}`;
      await service.api('PUT', permission, { allowedTables: engine.allowedTables });
      const ask = (query: unknown, signal?: AbortSignal): Promise<Response> =>
        fetch(`${service.url}/api/database/query`, {
          method: 'POST',
          signal,
          headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ connectionId, query, cache: 'bypass' }),
        });
      const failures: number[] = [];
      let left = CANCELS;
      const one = async (): Promise<void> => {
        while (left-- > 0) {
          const client = new AbortController();
          // Anywhere between the admission and the middle of the statement.
          setTimeout(() => client.abort(), Math.random() * 20);
          await ask(engine.slow(`n${left}`), client.signal).catch(() => undefined);
          if (left % 10 > 0) continue;
          const { status } = await ask(engine.quick);
          if (status !== 200) failures.push(status);
        }
      };
      await Promise.all(Array.from({ length: 4 }, one));
      expect(failures).toEqual([]);
      let pool: any;
      for (let n = 0; n < 500 && pool?.busy !== 0; n++) {
        [{ pool }] = (await service.api('GET', '/api/database/status')).body.items;
      }
      expect(pool).toMatchObject({ busy: 0, waiting: 0 });
      const { body } = await service.api('GET', '/api/database/query/running');
      expect(body.items).toEqual([]);
    },
    CANCELS * 200,
  );
});
