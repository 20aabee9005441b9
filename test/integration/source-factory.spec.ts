import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import type { Row } from '../../src/drivers/cell';
import { driverFor } from '../../src/drivers';
import type { ConnectionInput, Source } from '../../src/drivers/driver';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres';
import { connectOptions } from '../../src/modules/connections/connect-options';
import type { HealthFigures } from '../../src/modules/connections/connection-health';
import type { ConnectionRecord } from '../../src/modules/connections/connection-record';
import { SourceFactory, type SourceFactoryOptions } from '../../src/modules/connections/source-factory';
import type { SourceLease } from '../../src/modules/connections/source-entry';
import { ConnectionsService } from '../../src/modules/connections/connections.service';
import { Sources } from '../../src/modules/connections/sources.provider';
import { bySystem } from '../../src/modules/audit/audit-event';
import { startTestService } from '../e2e/service';
import {
  freshMariadbDatabase,
  freshPostgresDatabase,
  testServer,
  type FreshDatabase,
} from '../servers/servers';

/** A signal of its own for each: who waits on one listens to it. */
const never = (): AbortSignal => new AbortController().signal;

/** A factory on one server, which counts what it opens. */
class Bench {
  opened = 0;
  readonly changes: HealthFigures[] = [];
  readonly factory: SourceFactory;
  private readonly inputs = new Map<string, ConnectionInput>();

  constructor(
    private readonly type: 'postgresql' | 'mariadb',
    private readonly input: ConnectionInput,
    private readonly options: Partial<SourceFactoryOptions> = {},
  ) {
    this.factory = new SourceFactory({
      open: (record, signal) => this.open(record, signal),
      onHealthChange: (_, figures) => this.changes.push(figures),
      maxSessionsTotal: 50,
      idleMs: 60_000,
      graceMs: 10_000,
      openTimeoutMs: 15_000,
      ...options,
    });
  }

  record(overrides: Partial<ConnectionRecord> = {}, input: ConnectionInput = {}): ConnectionRecord {
    const record: ConnectionRecord = {
      id: randomUUID(),
      name: 'c',
      displayName: null,
      cacheTtlSeconds: null,
      description: null,
      type: this.type,
      dialect: null,
      revision: 1,
      policyEpoch: 0,
      recordLiterals: 'history',
      accountInfo: null,
      active: true,
      readOnly: true,
      maxConnections: 3,
      publicConfig: {},
      createdBy: null,
      createdAt: new Date(),
      updatedAt: new Date(),
      ...overrides,
    };
    this.inputs.set(record.id, { ...this.input, ...input });
    return record;
  }

  lease(record: ConnectionRecord, signal = never()): Promise<SourceLease> {
    return this.factory.lease(record, signal);
  }

  /** A lease for one statement, as the query service takes it. */
  async ask(record: ConnectionRecord, text = 'SELECT 1 AS one', signal = never()): Promise<Row[]> {
    const lease = await this.lease(record, signal);
    try {
      await using cursor = await lease.source.query(
        { text, values: [], access: 'read', timeoutMs: 60_000 },
        signal,
      );
      const rows = await cursor.read(10);
      lease.report(undefined);
      return rows;
    } catch (error) {
      lease.report(error);
      throw error;
    } finally {
      lease.release();
    }
  }

  private async open(record: ConnectionRecord, signal: AbortSignal): Promise<Source> {
    this.opened++;
    const driver = await driverFor(record.type);
    const config = { denyPrivateNetworks: false, dataDir: tmpdir(), sqliteDirs: null, maxSessionsTotal: 50 };
    const options = { ...connectOptions(config, record), acquireTimeoutMs: 60_000 };
    return driver.connect(driver.parseConfig(this.inputs.get(record.id)!), options, signal);
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never: ${holds.toString()}`);
    await sleep(20);
  }
}

const engines = {
  postgresql: {
    fresh: freshPostgresDatabase,
    slow: (seconds: number) => `SELECT pg_sleep(${seconds})`,
    // Looks from another database: its own sessions may still be ending.
    async sessions({ database }: FreshDatabase): Promise<number> {
      const client = new Client({ connectionString: testServer('postgresql').url });
      await client.connect();
      const { rows } = await client.query<{ count: number }>(
        'SELECT count(*)::int FROM pg_stat_activity WHERE datname = $1',
        [database],
      );
      await client.end();
      return rows[0]!.count;
    },
  },
  mariadb: {
    fresh: freshMariadbDatabase,
    slow: (seconds: number) => `SELECT sleep(${seconds})`,
    async sessions({ database }: FreshDatabase): Promise<number> {
      const client = await createConnection(testServer('mariadb').url);
      const [rows] = await client.query(
        'SELECT count(*) AS count FROM information_schema.processlist WHERE db = ?',
        [database],
      );
      await client.end();
      return (rows as { count: number }[])[0]!.count;
    },
  },
};

describe.each(['postgresql', 'mariadb'] as const)('the source factory on %s', (type) => {
  let database: FreshDatabase;
  const benches: Bench[] = [];
  const { slow } = engines[type];

  beforeAll(async () => {
    database = await engines[type].fresh();
  });
  afterEach(async () => {
    await Promise.all(benches.splice(0).map(({ factory }) => factory.close()));
    await until(async () => (await sessions()) === 0);
  });
  afterAll(() => database.drop());

  const sessions = (): Promise<number> => engines[type].sessions(database);
  const bench = (options: Partial<SourceFactoryOptions> = {}): Bench => {
    const { host, port, username, password } = database;
    const made = new Bench(type, { host, port, username, password, database: database.database }, options);
    benches.push(made);
    return made;
  };

  it('opens one pool for a hundred who ask at once, and never more sessions than the connection allows', async () => {
    const one = bench();
    const record = one.record({ maxConnections: 4 });
    const leases = await Promise.all(Array.from({ length: 100 }, () => one.lease(record)));
    expect(one.opened).toBe(1);
    expect(new Set(leases.map(({ source }) => source)).size).toBe(1);
    expect(await sessions()).toBe(1);
    for (const lease of leases) lease.release();
    const asking = Promise.all(Array.from({ length: 100 }, () => one.ask(record, slow(0.02))));
    let most = 0;
    const done = new AbortController();
    const watching = (async () => {
      for (; !done.signal.aborted; await sleep(5)) most = Math.max(most, await sessions());
    })();
    expect(await asking).toHaveLength(100);
    done.abort();
    await watching;
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
    // Sessions are cleaned after the answer, and busy until they are.
    const busy = (): number | undefined => one.factory.figuresOf(record.id).pool?.busy;
    for (let n = 0; n < 200 && busy() !== 0; n++) await sleep(10);
    expect(one.factory.figuresOf(record.id).pool).toMatchObject({ busy: 0, waiting: 0, max: 4 });
  });

  it('keeps revisions of a connection apart', async () => {
    const one = bench();
    const first = one.record();
    const second = { ...first, revision: 2 };
    const [a, b, again] = await Promise.all([one.lease(first), one.lease(second), one.lease({ ...first })]);
    expect(a.source).not.toBe(b.source);
    expect(again.source).toBe(a.source);
    for (const lease of [a, b, again]) lease.release();
  });

  it('goes on opening for the others when one gives up, and shares a failure', async () => {
    const one = bench();
    const record = one.record();
    const impatient = new AbortController();
    const both = Promise.allSettled([one.lease(record, impatient.signal), one.lease(record)]);
    impatient.abort('client_gone');
    const [gone, served] = await both;
    expect((gone as PromiseRejectedResult).reason).toMatchObject({ code: 'query.cancelled' });
    expect(served.status).toBe('fulfilled');
    (served as PromiseFulfilledResult<SourceLease>).value.release();
    const broken = one.record({}, { password: 'wrong' });
    const outcomes = await Promise.allSettled([one.lease(broken), one.lease(broken)]);
    expect(outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason.code)).toEqual([
      'connection.auth_failed',
      'connection.auth_failed',
    ]);
    expect(one.opened).toBe(2);
    await expect(one.lease(broken)).rejects.toMatchObject({ code: 'connection.auth_failed' });
    expect(one.opened).toBe(3);
  });

  it('bounds the sessions of all pools: the least recently used idle one makes room, one in use never does', async () => {
    const one = bench({ maxSessionsTotal: 6 });
    const [a, b, c] = [one.record(), one.record(), one.record()];
    for (const record of [a, b]) await one.ask(record);
    await one.ask(a);
    const inUse = await one.lease(c);
    expect(one.factory.opened().map(({ record }) => record.id)).toEqual([a.id, c.id]);
    expect(await sessions()).toBe(2);
    const held = await one.lease(a);
    await expect(one.lease(b)).rejects.toMatchObject({
      code: 'connection.pool_exhausted',
      retryAfterSeconds: 1,
    });
    held.release();
    expect(await one.ask(b)).toHaveLength(1);
    expect(one.factory.opened().map(({ record }) => record.id)).toEqual([c.id, b.id]);
    inUse.release();
  });

  it('asks again after there was no room, however often that happened', async () => {
    const one = bench({ maxSessionsTotal: 3 });
    const [a, b] = [one.record(), one.record({}, { port: 1 })];
    for (let n = 0; n < 3; n++)
      await expect(one.ask(b)).rejects.toMatchObject({ code: 'connection.refused' });
    await until(() => one.factory.due().length === 1);
    const held = await one.lease(a);
    await expect(one.ask(b)).rejects.toMatchObject({ code: 'connection.pool_exhausted' });
    held.release();
    await expect(one.ask(b)).rejects.toMatchObject({ code: 'connection.refused' });
  });

  it('gives a connection that wants more than there is what there is', async () => {
    const one = bench({ maxSessionsTotal: 2 });
    const [small, large] = [one.record({ maxConnections: 1 }), one.record({ maxConnections: 100 })];
    expect(await one.ask(small)).toHaveLength(1);
    expect(await one.ask(large)).toHaveLength(1);
    expect(one.factory.opened()).toHaveLength(1);
  });

  it('closes what nobody used for a while, and nothing that is in use', async () => {
    const one = bench({ idleMs: 200 });
    const [idle, used] = [one.record(), one.record()];
    await one.ask(idle);
    const lease = await one.lease(used);
    await until(() => one.factory.opened().length === 1);
    await sleep(400);
    expect(one.factory.opened().map(({ record }) => record.id)).toEqual([used.id]);
    lease.release();
    await until(async () => one.factory.opened().length === 0 && (await sessions()) === 0);
    expect(await one.ask(idle)).toHaveLength(1);
  });

  it('lets whoever has a changed connection finish, also those who still wait for a session', async () => {
    const one = bench();
    const old = one.record({ maxConnections: 1 });
    const running = Promise.all([one.ask(old, slow(0.5)), one.ask(old), one.ask(old)]);
    await until(() => (one.factory.figuresOf(old.id).pool?.waiting ?? 0) === 2);
    one.factory.retire(old.id, 2);
    const changed = { ...old, revision: 2 };
    expect(await one.ask(changed)).toHaveLength(1);
    expect((await running).map((rows) => rows.length)).toEqual([1, 1, 1]);
    await until(async () => (await sessions()) === 1);
    expect(one.opened).toBe(2);
  });

  it('lets who waits for the opening of what is being changed have it', async () => {
    const one = bench();
    const record = one.record();
    const asking = one.ask(record);
    one.factory.retire(record.id, 2);
    expect(await asking).toHaveLength(1);
    await until(async () => (await sessions()) === 0);
  });

  it('stops what outlives the grace of a deleted connection, on the server, too', async () => {
    const one = bench({ graceMs: 200 });
    const record = one.record();
    const running = one.ask(record, slow(60));
    await until(() => one.factory.figuresOf(record.id).pool?.busy === 1);
    one.factory.retire(record.id, null);
    await expect(running).rejects.toMatchObject({ code: 'query.cancelled' });
    await until(async () => (await sessions()) === 0);
    expect(one.factory.figuresOf(record.id)).toEqual({ health: null, pool: null, servers: null });
  });

  it('closes everything at shutdown, after what runs, and opens nothing more', async () => {
    const one = bench();
    const [a, b, opening] = [one.record(), one.record(), one.record()];
    await one.ask(a);
    const running = one.ask(b, slow(0.5));
    await until(() => one.factory.figuresOf(b.id).pool?.busy === 1);
    const late = one.ask(opening);
    await one.factory.close();
    expect(await sessions()).toBe(0);
    expect(await running).toHaveLength(1);
    expect(await late).toHaveLength(1);
    await expect(one.lease(a)).rejects.toMatchObject({ code: 'service.shutting_down' });
    expect(one.opened).toBe(3);
  });

  it('stops at shutdown what does not end in time', async () => {
    const one = bench({ graceMs: 200 });
    const record = one.record();
    const running = one.ask(record, slow(60)).catch((error: unknown) => error);
    await until(() => one.factory.figuresOf(record.id).pool?.busy === 1);
    await one.factory.close();
    expect(await running).toMatchObject({ code: 'service.shutting_down' });
    expect(await sessions()).toBe(0);
  });
});

describe('a database that comes and goes', () => {
  it('is left alone by its circuit, and tried by one when that half-opens', async () => {
    const silent: Server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const one = new Bench('postgresql', {
      host: '127.0.0.1',
      port,
      database: 'x',
      username: 'x',
      password: 'x',
    });
    const record = one.record();
    for (let n = 1; n <= 3; n++) {
      await expect(one.ask(record)).rejects.toMatchObject({ code: expect.stringMatching(/^connection\./) });
      expect(one.opened).toBe(n);
    }
    const refused = await Promise.allSettled(Array.from({ length: 20 }, () => one.ask(record)));
    for (const outcome of refused) {
      expect((outcome as PromiseRejectedResult).reason).toMatchObject({
        code: 'connection.circuit_open',
        retryAfterSeconds: 1,
      });
    }
    expect(one.opened).toBe(3);
    await until(() => one.factory.due().length === 1);
    await Promise.allSettled(Array.from({ length: 20 }, () => one.ask(record)));
    expect(one.opened).toBe(4);
    await expect(one.ask(record)).rejects.toMatchObject({ code: 'connection.circuit_open' });
    await one.factory.close();
    silent.close();
  });

  it('is used again after it was stopped and started', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-stopped-'));
    const options = { dir: join(dir, 'data'), password: 'secret', removeAfterwards: dir };
    const first = await startEmbeddedPostgres({ dir: options.dir, password: options.password });
    const { host, port } = first;
    const target = { host, port, database: 'postgres', username: 'sluice', password: 'secret' };
    const one = new Bench('postgresql', target);
    const record = one.record();
    await Promise.all([1, 2, 3].map(() => one.ask(record, 'SELECT pg_sleep(0.1)')));
    const running = one.ask(record, 'SELECT pg_sleep(60)').catch((error: unknown) => error);
    await until(() => one.factory.figuresOf(record.id).pool?.busy === 1);
    await first.stop();
    expect(await running).toMatchObject({ code: 'connection.lost' });
    await expect(one.ask(record)).rejects.toMatchObject({ code: expect.stringMatching(/^connection\./) });
    expect(one.changes.map(({ state }) => state)).toEqual(expect.arrayContaining(['up', 'degraded']));
    const closed = one.record();
    for (let n = 0; n < 4; n++) {
      await expect(one.ask(closed)).rejects.toMatchObject({ code: expect.stringMatching(/^connection\./) });
    }
    expect(one.factory.figuresOf(closed.id).health).toMatchObject({ state: 'down' });
    const second = await startEmbeddedPostgres({ ...options, port });
    try {
      expect(await one.ask(record)).toHaveLength(1);
      expect(one.factory.figuresOf(record.id).health).toMatchObject({ state: 'up', code: null });
      await until(() => one.factory.due().length === 1);
      expect(await one.ask(closed)).toHaveLength(1);
      expect(one.factory.due()).toEqual([]);
      expect(one.factory.figuresOf(record.id).pool).toMatchObject({ busy: 0, waiting: 0 });
    } finally {
      await one.factory.close();
      await second.stop();
    }
  }, 60_000);
});

describe('a thousand registered connections', () => {
  it('cost nothing until they are used', async () => {
    const service = await startTestService();
    try {
      const { app } = service.service;
      const { host, port, database, username, password } = service.database;
      const target = { type: 'postgresql' as const, host, port, database, username, password };
      const connections = app.get(ConnectionsService);
      const made = await Promise.all(
        Array.from({ length: 1000 }, (_, n) => connections.create(bySystem, { ...target, name: `c${n}` })),
      );
      const sessions = async (): Promise<number> => {
        const [row] = await app
          .get(DataSource)
          .query(
            `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sluice'`,
          );
        return row.count;
      };
      // The service's own pool, and nothing else.
      expect(await sessions()).toBeLessThanOrEqual(10);
      const names = new Set<string>();
      let cursor: string | null = null;
      do {
        const path: string = `/api/database/status?limit=200${cursor ? `&cursor=${cursor}` : ''}`;
        const { body } = await service.api('GET', path);
        for (const { name, state } of body.items) if (state === 'unknown') names.add(name);
        cursor = body.nextCursor;
      } while (cursor);
      expect(names.size).toBe(1000);
      expect(app.get(Sources).opened()).toEqual([]);
      const query = { connectionId: made[500]!.id, query: 'SELECT 1 AS one' };
      expect((await service.api('POST', '/api/database/query', query)).status).toBe(200);
      expect(app.get(Sources).opened()).toHaveLength(1);
    } finally {
      await service.close();
    }
  }, 60_000);
});
