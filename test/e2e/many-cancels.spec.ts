import { describeEngine } from '../servers/servers';
import { cancelMany } from './many-cancels';
import { startTestService, type TestService } from './service';
import type { WatchedEngine } from './stop-attempts';
import { watchedMariadb, watchedMongodb, watchedPostgresql, watchedSqlite } from './watched-engines';

/** Few here; the nightly tests make ten thousand. */
for (const [type, start, count] of [
  ['postgresql', watchedPostgresql, 90],
  ['mariadb', watchedMariadb, 90],
  ['sqlite', watchedSqlite, 30],
  ['mongodb', watchedMongodb, 30],
] as const) {
  const describeIt =
    type === 'sqlite' ? describe : (title: string, tests: () => void): void => describeEngine(type, tests);
  describeIt(type, () => {
    let service: TestService;
    let engine: WatchedEngine;

    beforeAll(async () => {
      [service, engine] = await Promise.all([startTestService(), start()]);
    });
    afterAll(async () => {
      await service?.close();
      await engine?.drop();
    });

    it('has no session left behind by statements that were cancelled, and none of them hits another', async () => {
      const { body } = await service.api('POST', '/api/database/connections', {
        name: 'e',
        ...engine.target,
      });
      const user = await service.user('user');
      const permission = `/api/database/connections/${body.id}/permissions/${user.id}`;
      await service.api('PUT', permission, { allowedTables: engine.allowedTables });
      const report = await cancelMany(service, engine, body.id, user, count);
      const { ended, confirmed, hit, stuck, pool, running } = report;
      expect({ hit, stuck, running }).toEqual({ hit: [], stuck: [], running: [] });
      expect(pool).toMatchObject({ busy: 0, waiting: 0 });
      expect(ended).toEqual({
        'delete: query.cancelled': count / 3,
        'client: gone': count / 3,
        'deadline: query.timeout': count / 3,
      });
      expect(confirmed).toEqual({ 204: count / 3 });
    });
  });
}
