import 'reflect-metadata';
import { DataSource, type EntityManager } from 'typeorm';
import { systemDataSourceOptions } from '../../src/database/data-source-options';
import { toAppError } from '../../src/http/to-app-error';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

describe('a change whose session the database ends', () => {
  let database: FreshDatabase;
  let source: DataSource;

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    const options = { ...systemDataSourceOptions(database.url, 4), migrations: [] };
    source = await new DataSource(options).initialize();
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  async function losing(work: (manager: EntityManager) => Promise<unknown>): Promise<unknown> {
    try {
      await source.transaction(async (manager) => {
        const [{ pid }] = await manager.query('SELECT pg_backend_pid() AS pid');
        await source.query('SELECT pg_terminate_backend($1)', [pid]);
        while (!manager.queryRunner?.isReleased) await new Promise((resolve) => setTimeout(resolve, 5));
        await work(manager);
      });
    } catch (error) {
      return error;
    }
    return null;
  }

  it.each<[string, (manager: EntityManager) => Promise<unknown>]>([
    ['before it commits', () => Promise.resolve()],
    ['before its next statement', (manager) => manager.query('SELECT 1')],
  ])('%s is answered as one that may be tried again', async (_, work) => {
    expect(toAppError(await losing(work)).code).toBe('service.unavailable');
  });
});
