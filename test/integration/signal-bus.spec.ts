import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { SignalBus } from '../../src/database/signal-bus';
import { systemDataSourceOptions } from '../../src/database/data-source-options';
import { postgresqlEngine, type SqlEngine } from '../e2e/engines';
import { startTestService, type TestService } from '../e2e/service';
import { freshPostgresDatabase, testServer, type FreshDatabase } from '../servers/servers';

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let n = 0; !(await holds()); n++) {
    if (n === 500) throw new Error(`never: ${holds.toString()}`);
    await sleep(10);
  }
}

describe('the signal bus', () => {
  let database: FreshDatabase;
  let server: Client;
  let sources: DataSource[];
  let bus: SignalBus;
  let sender: DataSource;
  let heard: string[];
  let gaps: boolean[];

  beforeEach(async () => {
    database = await freshPostgresDatabase();
    server = new Client({ connectionString: testServer('postgresql').url });
    await server.connect();
    sources = await Promise.all(
      [1, 3].map((size) =>
        new DataSource({ ...systemDataSourceOptions(database.url, size), migrations: [] }).initialize(),
      ),
    );
    bus = new SignalBus(sources[0]!);
    sender = sources[1]!;
    heard = [];
    gaps = [];
    bus.on('topic', (key) => heard.push(key));
    bus.onGap(() => gaps.push(bus.isLive));
  });
  afterEach(async () => {
    await allowSessions(true);
    await bus.beforeApplicationShutdown();
    await Promise.all(sources.map((source) => source.destroy()));
    await server.end();
    await database.drop();
  });

  const allowSessions = (allowed: boolean): Promise<unknown> =>
    server.query(`ALTER DATABASE ${database.database} WITH ALLOW_CONNECTIONS ${allowed}`);
  const killListener = (): Promise<unknown> =>
    server.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND query LIKE 'LISTEN %'`,
      [database.database],
    );
  const publish = (key: string): Promise<void> => bus.publish(sender.manager, 'topic', key);

  it('is trusted from the moment it listens, and says that it may have missed what was before', async () => {
    expect(bus.isLive).toBe(false);
    await bus.onApplicationBootstrap();
    expect(bus.isLive).toBe(true);
    expect(gaps).toEqual([true]);
    await publish('a');
    await until(() => heard.length === 1);
    expect(heard).toEqual(['a']);
  });

  it('is heard here before the one who made the change goes on, and when it is not even listening', async () => {
    const own = new SignalBus(sender);
    const here: string[] = [];
    own.on('topic', (key) => here.push(key));
    await bus.onApplicationBootstrap();
    const result = await own.transaction(async (manager) => {
      await own.publish(manager, 'topic', 'mine');
      expect(here).toEqual([]);
      return 'result';
    });
    expect([result, here]).toEqual(['result', ['mine']]);
    await until(() => heard.length > 0);
    expect(heard).toEqual(['mine']);
    await expect(
      own.transaction(async (manager) => {
        await own.publish(manager, 'topic', 'undone');
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(here).toEqual(['mine']);
  });

  it('tells nothing of a change that was rolled back, and of one in a transaction when it is committed', async () => {
    await bus.onApplicationBootstrap();
    const runner = sender.createQueryRunner();
    await runner.startTransaction();
    await bus.publish(runner.manager, 'topic', 'undone');
    await runner.rollbackTransaction();
    await runner.startTransaction();
    await bus.publish(runner.manager, 'topic', 'done');
    expect(heard).toEqual([]);
    await runner.commitTransaction();
    await runner.release();
    await until(() => heard.length > 0);
    expect(heard).toEqual(['done']);
  });

  it('is not trusted while its session is gone, and says so before and after', async () => {
    await bus.onApplicationBootstrap();
    await allowSessions(false);
    await killListener();
    await until(() => !bus.isLive);
    expect(gaps).toContain(false);
    await publish('missed');
    await sleep(300);
    expect(bus.isLive).toBe(false);
    await allowSessions(true);
    await until(() => bus.isLive);
    expect(gaps.at(-1)).toBe(true);
    await publish('heard again');
    await until(() => heard.length > 0);
    expect(heard).toEqual(['heard again']);
  });

  it('survives being killed again and again', async () => {
    await bus.onApplicationBootstrap();
    for (let n = 0; n < 5; n++) {
      const before = gaps.length;
      await killListener();
      await until(() => gaps.length >= before + 2 && bus.isLive);
    }
    await publish('still here');
    await until(() => heard.length > 0);
    expect(heard).toEqual(['still here']);
  });

  it('keeps no listener and does not come back once it is closed', async () => {
    await bus.onApplicationBootstrap();
    await bus.beforeApplicationShutdown();
    expect(bus.isLive).toBe(false);
    await publish('late');
    await sleep(200);
    expect([heard, bus.isLive]).toEqual([[], false]);
  });
});

describe('a replica that hears no signals', () => {
  let service: TestService;
  let deaf: TestService;
  let engine: SqlEngine;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), postgresqlEngine()]);
    deaf = await service.replica();
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  it('answers with what holds now, and from its caches again when it hears', async () => {
    const bus = deaf.service.app.get(SignalBus);
    const created = await service.api('POST', '/api/database/connections', {
      name: randomUUID(),
      ...engine.target,
    });
    const path = `/api/database/connections/${created.body.id}`;
    const user = await service.user('user');
    const permission = `${path}/permissions/${user.id}`;
    const killListeners = (): Promise<unknown> =>
      service.service.app.get(DataSource).query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE 'LISTEN %'`,
      );
    for (let n = 0; n < 5; n++) {
      await service.api('PUT', permission, {});
      await until(async () => (await deaf.api('GET', path, undefined, user.token)).status === 200);
      await killListeners();
      await until(() => !bus.isLive);
      await service.api('DELETE', permission);
      expect((await deaf.api('GET', path, undefined, user.token)).status).toBe(404);
      await service.api('PUT', permission, {});
      expect((await deaf.api('GET', path, undefined, user.token)).status).toBe(200);
      await until(() => bus.isLive);
      await service.api('DELETE', permission);
      await until(async () => (await deaf.api('GET', path, undefined, user.token)).status === 404);
    }
  }, 60_000);
});
