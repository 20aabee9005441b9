import { cancelMany } from '../e2e/many-cancels';
import { startTestService, type TestService, type TestUser } from '../e2e/service';
import { attemptStop, causes, expectedCodes, type Attempt, type WatchedEngine } from '../e2e/stop-attempts';
import { watchedMariadb, watchedMongodb, watchedPostgresql, watchedSqlite } from '../e2e/watched-engines';

const TRIES = 200;
/** From the order to stop until the server's own list is without the statement, in milliseconds. */
const GONE_WITHIN_MS = 2000;
/** CANCELS asks for fewer, or for ten times as many. */
const CANCELS = Number(process.env['CANCELS'] ?? 10_000);

describe.each([
  ['PostgreSQL', watchedPostgresql, CANCELS],
  ['MariaDB', watchedMariadb, CANCELS],
  // Each of these ends a process, or asks a server of one process for its list.
  ['SQLite', watchedSqlite, Math.ceil(CANCELS / 10)],
  ['MongoDB', watchedMongodb, Math.ceil(CANCELS / 10)],
] as const)('statements that nobody needs any more on %s', (name, start, cancels) => {
  let service: TestService;
  let engine: WatchedEngine;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    // The log-ins outlast the cancels, which take longer than the quarter of an hour that is usual.
    const lasting = startTestService({ accessTokenSeconds: 86_400 });
    [service, engine] = await Promise.all([lasting, start()]);
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
    `leave no session behind, ${cancels} times`,
    async () => {
      const permission = `/api/database/connections/${connectionId}/permissions/${user.id}`;
      await service.api('PUT', permission, { allowedTables: engine.allowedTables });
      const started = performance.now();
      const report = await cancelMany(service, engine, connectionId, user, cancels);
      const { ended, confirmed, hit, stuck, pool, running } = report;
      const seconds = Math.round((performance.now() - started) / 1000);
      process.stdout.write(`${name}: ${JSON.stringify({ cancels, seconds, ended, confirmed })}\n`);
      expect({ hit, stuck, running }).toEqual({ hit: [], stuck: [], running: [] });
      expect(pool).toMatchObject({ busy: 0, waiting: 0 });
      const causesOfEnd = ['client: gone', 'deadline: query.timeout', 'delete: query.cancelled'];
      expect(Object.keys(ended).toSorted()).toEqual(causesOfEnd);
      expect(Object.keys(confirmed)).toEqual(['204']);
    },
    cancels * 500,
  );
});
