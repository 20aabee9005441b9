import { describeEngine } from '../servers/servers';
import { startTestService, type TestService, type TestUser } from './service';
import { attemptStop, causes, expectedCodes, type WatchedEngine } from './stop-attempts';
import { watchedMariadb, watchedMongodb, watchedPostgresql, watchedSqlite } from './watched-engines';

/** Ten for each engine here; the nightly tests make two hundred. */
const EXTRA = ['delete', 'client', 'stream client', 'stream delete'] as const;

for (const [type, start] of [
  ['postgresql', watchedPostgresql],
  ['mariadb', watchedMariadb],
  ['sqlite', watchedSqlite],
  ['mongodb', watchedMongodb],
] as const) {
  const describeIt =
    type === 'sqlite' ? describe : (title: string, tests: () => void): void => describeEngine(type, tests);
  describeIt(type, () => {
    describe('a statement that nobody needs any more', () => {
      let service: TestService;
      let engine: WatchedEngine;
      let connectionId: string;
      let user: TestUser;

      beforeAll(async () => {
        [service, engine] = await Promise.all([startTestService(), start()]);
        const created = await service.api('POST', '/api/database/connections', {
          name: 'e',
          ...engine.target,
        });
        connectionId = created.body.id;
        user = await service.user('user');
      });
      afterAll(async () => {
        await service?.close();
        await engine?.drop();
      });

      it.each([...causes, ...EXTRA])('is gone from the server: %s', async (cause) => {
        const { code, next } = await attemptStop(service, engine, connectionId, user, cause);
        expect([code, next]).toEqual([expectedCodes[cause], 200]);
      });
    });
  });
}
