import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { driverFor } from '../../src/drivers';
import type { ConnectOptions, Source } from '../../src/drivers/driver';
import {
  describeEngine,
  freshMariadbDatabase,
  freshPostgresDatabase,
  type FreshDatabase,
} from '../servers/servers';
import { collect, connectOptions, eventually, never, request } from './driver-contract';

const engines = {
  postgresql: {
    fresh: freshPostgresDatabase,
    id: 'select pg_backend_pid()',
    slow: 'select pg_sleep(0.1)',
    async kill(database: FreshDatabase, ids: readonly unknown[]): Promise<void> {
      const client = new Client({ connectionString: database.url });
      await client.connect();
      for (const id of ids) await client.query('select pg_terminate_backend($1::int)', [id]);
      await client.end();
    },
  },
  mariadb: {
    fresh: freshMariadbDatabase,
    id: 'select connection_id()',
    slow: 'select sleep(0.1)',
    async kill(database: FreshDatabase, ids: readonly unknown[]): Promise<void> {
      const client = await createConnection(database.url);
      for (const id of ids) await client.query(`kill ${Number(id)}`);
      await client.end();
    },
  },
};

for (const type of ['postgresql', 'mariadb'] as const) {
  describeEngine(type, () => {
    let database: FreshDatabase;
    const sources: Source[] = [];
    const engine = engines[type];

    beforeAll(async () => {
      database = await engine.fresh();
    });
    afterEach(() => Promise.all(sources.splice(0).map((source) => source.close())));
    afterAll(() => database.drop());

    const open = async (options: Partial<ConnectOptions>): Promise<Source> => {
      const driver = await driverFor(type);
      const config = driver.parseConfig({ connectionString: database.url, ssl: false });
      const source = await driver.connect(config, connectOptions(options), never);
      sources.push(source);
      return source;
    };
    const idOf = async (source: Source): Promise<unknown> =>
      (await collect(source, request({ text: engine.id }))).rows[0]![0];

    it('uses a session again until it is too old, and then another', async () => {
      const source = await open({ maxSessions: 1, recycleMs: 600, prePingAfterMs: 60_000 });
      const first = await idOf(source);
      expect(await idOf(source)).toBe(first);
      await sleep(700);
      const second = await idOf(source);
      expect(second).not.toBe(first);
      expect(await idOf(source)).toBe(second);
      expect(source.pool().open).toBe(1);
    });

    it.each([0, 60_000])(
      'does not hand on sessions that died while idle, asked before (%d ms) or not',
      async (prePingAfterMs) => {
        const source = await open({ maxSessions: 3, prePingAfterMs });
        await Promise.all([1, 2, 3].map(() => collect(source, request({ text: engine.slow }))));
        const before = new Set<unknown>();
        for (let round = 0; round < 20; round++) before.add(await idOf(source));
        await Promise.all([1, 2, 3].map(async () => before.add(await idOf(source))));
        await engine.kill(database, [...before]);
        const after = await Promise.all([1, 2, 3].map(() => idOf(source)));
        expect(after.filter((id) => before.has(id))).toEqual([]);
        await eventually(() => source.pool().busy === 0);
      },
    );

    it('closes sessions above the ones to keep when they idle', async () => {
      const source = await open({ maxSessions: 4, keepSessions: 1, idleMs: 200 });
      await Promise.all([1, 2, 3, 4].map(() => collect(source, request({ text: engine.slow }))));
      expect(source.pool().open).toBe(4);
      await eventually(() => source.pool().open === 1);
      const kept = await idOf(source);
      await sleep(500);
      expect(await idOf(source)).toBe(kept);
    });
  });
}
