import { Client } from 'pg';
import { cacheKinds, type ObjectKind } from '../../src/cache/cache-kinds';
import { connect, watchedDatabase, type WatchedDatabase } from './cache-service';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

const objectKinds = ['permissions', 'schema', 'session', 'settings'] as const satisfies readonly ObjectKind[];

describe('the kinds of cached things', () => {
  let service: TestService;
  let watched: WatchedDatabase;
  let system: Client;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    [service, watched] = await Promise.all([
      startTestService(),
      watchedDatabase([
        'CREATE TABLE people (id int PRIMARY KEY, email text)',
        `INSERT INTO people VALUES (1, 'ada@example.org')`,
      ]),
    ]);
    system = new Client({ connectionString: service.database.url });
    await system.connect();
    connectionId = await connect(service, watched);
    user = await service.user('user');
    await service.api('PUT', `/api/database/connections/${connectionId}/policies`, {
      items: [{ schema: 'public', table: 'people', column: 'email', mask: 'email' }],
    });
  });
  afterAll(async () => {
    await system?.end();
    await service?.close();
    await watched?.drop();
  });

  const permission = (method: 'PUT' | 'DELETE', body?: object): Promise<Answer> =>
    service.api(method, `/api/database/connections/${connectionId}/permissions/${user.id}`, body);
  const ask = (query = 'SELECT email FROM people'): Promise<Answer> =>
    service.api('POST', '/api/database/query', { connectionId, query }, user.token);
  const metrics = async (): Promise<(series: string) => number> => {
    const lines = (await service.api('GET', '/metrics')).text.split('\n');
    return (series) =>
      Number(
        lines
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')
          .at(-1),
      );
  };

  it.each(objectKinds)('keep objects of %s no longer than the kind says', async (kind) => {
    const seconds = (await metrics())(`cache_object_max_age_seconds{kind="${kind}"}`);
    // Who a credential stands for is looked up again after seconds, whatever signals say.
    expect(seconds).toBe(kind === 'session' ? 10 : cacheKinds[kind]);
  });

  it('are counted apart: what is kept, and what is found again', async () => {
    await permission('PUT', {});
    expect((await ask()).body.data).toEqual([{ email: 'ad***@example.org' }]);
    const before = await metrics();
    // Another text: it is planned for itself, on the same relation.
    expect((await ask('SELECT id, email FROM people')).status).toBe(200);
    const after = await metrics();
    const figures = objectKinds.map((kind) => {
      const hits = `cache_object_lookups_total{kind="${kind}",outcome="hit"}`;
      return {
        kind,
        entries: after(`cache_object_entries{kind="${kind}"}`),
        evictions: after(`cache_object_evictions_total{kind="${kind}"}`),
        isFoundAgain: after(hits) > before(hits),
        wasMissed: before(`cache_object_lookups_total{kind="${kind}",outcome="miss"}`) > 0,
      };
    });
    expect(figures).toEqual(
      objectKinds.map((kind) => ({
        kind,
        entries: 1,
        evictions: 0,
        isFoundAgain: true,
        // The relation has been known since its policy was tried on it.
        wasMissed: kind !== 'schema',
      })),
    );
  });

  it('lose at once what was taken away', async () => {
    await permission('PUT', {});
    expect((await ask()).status).toBe(200);
    expect((await metrics())('cache_object_entries{kind="permissions"}')).toBe(1);
    await permission('DELETE');
    expect((await ask()).status).toBe(404);
    await service.api('POST', '/api/auth/logout', {}, user.token);
    expect((await ask()).status).toBe(401);
  });

  describe('a catalog in the system database', () => {
    const names = async (): Promise<string[]> => {
      const path = `/api/database/schema/tables?connectionId=${connectionId}`;
      return (await service.api('GET', path)).body.items.map(({ name }: any) => name);
    };
    const readSecondsAgo = async (seconds: number): Promise<void> => {
      const { rowCount } = await system.query(
        `UPDATE database_connections SET last_schema_sync = now() - make_interval(secs => $2) WHERE id = $1`,
        [connectionId, seconds],
      );
      expect(rowCount).toBe(1);
    };

    it('is read anew when it is as old as its kind says, and not before', async () => {
      expect(await names()).toEqual(['people']);
      await watched.client.query('CREATE TABLE places (id int)');
      await readSecondsAgo(cacheKinds.schema - 60);
      expect(await names()).toEqual(['people']);
      await readSecondsAgo(cacheKinds.schema + 1);
      expect(await names()).toEqual(['people', 'places']);
    });

    it('is read anew when what was read there is to be forgotten', async () => {
      await names();
      await watched.client.query('CREATE TABLE animals (id int)');
      expect(await names()).not.toContain('animals');
      expect((await service.api('DELETE', `/api/database/connections/${connectionId}/cache`)).status).toBe(
        204,
      );
      expect(await names()).toContain('animals');
    });
  });
});
