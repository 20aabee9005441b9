import { randomUUID } from 'node:crypto';
import { createServer, connect as connectTo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Redis from 'ioredis';
import { findFreePort } from '../../src/database/find-free-port';
import { testServer } from '../servers/servers';
import { connect, watchedDatabase, type WatchedDatabase } from './cache-service';
import { startTestService, type Answer, type TestService } from './service';

/** The way to the Redis server, which the test can cut, restore and hold up. */
class Way {
  private readonly sockets = new Set<Socket>();
  private server = this.listenable();
  private isHeldUp = false;

  constructor(
    private readonly target: { readonly host: string; readonly port: number },
    readonly port: number,
  ) {}

  restore(): Promise<void> {
    this.server = this.listenable();
    return new Promise((resolve) => void this.server.listen(this.port, '127.0.0.1', resolve));
  }

  /** Requests still arrive, answers do not. */
  holdUp(): void {
    this.isHeldUp = true;
  }

  async cut(): Promise<void> {
    this.isHeldUp = false;
    const closed = new Promise<void>((resolve) => void this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private listenable(): ReturnType<typeof createServer> {
    return createServer((socket) => {
      const upstream = connectTo(this.target.port, this.target.host);
      for (const one of [socket, upstream]) {
        this.sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => {
          this.sockets.delete(one);
          socket.destroy();
          upstream.destroy();
        });
      }
      socket.pipe(upstream);
      upstream.on('data', (data) => {
        if (!this.isHeldUp) socket.write(data);
      });
    });
  }
}

describe('the cache of results in Redis', () => {
  let service: TestService;
  let replica: TestService;
  let watched: WatchedDatabase;
  let redis: Redis;
  let way: Way;
  let connectionId: string;

  beforeAll(async () => {
    const url = new URL(testServer('redis').url);
    way = new Way({ host: url.hostname, port: Number(url.port) }, await findFreePort());
    await way.restore();
    redis = new Redis(url.href);
    url.hostname = '127.0.0.1';
    url.port = String(way.port);
    [service, watched] = await Promise.all([
      startTestService({ redisUrl: url.href }),
      watchedDatabase([
        'CREATE TABLE notes (id int PRIMARY KEY, text text)',
        `INSERT INTO notes SELECT n, 'canary-value ' || n FROM generate_series(1, 200) n`,
      ]),
    ]);
    replica = await service.replica();
    connectionId = await connect(service, watched);
  });
  afterAll(async () => {
    await service?.close();
    await watched?.drop();
    redis?.disconnect();
    await way?.cut();
  });

  const ask = (query: string, on = service): Promise<Answer> =>
    on.api('POST', '/api/database/query', { connectionId, query });
  const fresh = (): string => `SELECT id, text FROM notes /* ${randomUUID()} */`;
  const keys = async (): Promise<Set<string>> => new Set(await redis.keys('sluice:query:*'));
  const memory = (mib: number): Promise<Answer> =>
    service.api('PATCH', '/api/settings/cache_memory_mib', { value: mib });
  /** @returns the key under which the result of a new statement lies */
  const keep = async (query: string): Promise<string> => {
    const before = await keys();
    await ask(query);
    for (let n = 0; n < 100; n++) {
      const [added] = [...(await keys())].filter((key) => !before.has(key));
      if (added) return added;
      await sleep(20);
    }
    throw new Error('nothing was kept');
  };

  it('answers on one replica what was asked on another, once it lies there', async () => {
    const query = fresh();
    await keep(query);
    const { body } = await ask(query, replica);
    expect([body.cached, body.rowCount]).toEqual([true, 200]);
    const metrics = (await replica.api('GET', '/metrics')).text;
    expect(metrics).toContain('result_cache_lookups_total{outcome="redis"} 1');
  });

  it('is given results and nothing that decides who may have them', async () => {
    const user = await service.user('user');
    const permissions = `/api/database/connections/${connectionId}/permissions/${user.id}`;
    await service.api('PUT', permissions, {});
    const query = fresh();
    const before = await keys();
    const { body } = await service.api('POST', '/api/database/query', { connectionId, query }, user.token);
    expect(body.success).toBe(true);
    for (let n = 0; n < 100 && (await keys()).size === before.size; n++) await sleep(20);
    const metrics = (await service.api('GET', '/metrics')).text;
    for (const kind of ['session', 'permissions', 'settings']) {
      expect(metrics).toMatch(new RegExp(`^cache_object_entries\\{kind="${kind}"\\} [1-9]`, 'm'));
    }
    const kinds = (await redis.keys('sluice:*')).map((key) => key.split(':')[1]);
    expect([...new Set(kinds)]).toEqual(['query']);
  });

  it('shows nothing to whoever reads the server, and takes up little there', async () => {
    const key = await keep(fresh());
    const value = (await redis.getBuffer(key))!;
    expect(value.includes('canary')).toBe(false);
    expect(value.length).toBeLessThan(4000);
    expect(await redis.pttl(key)).toBeGreaterThan(3_500_000);
  });

  it('believes nothing that somebody else put there', async () => {
    const [query, other] = [fresh(), 'SELECT id, upper(text) AS text FROM notes'];
    const [key, otherKey] = [await keep(query), await keep(other)];
    const genuine = (await redis.getBuffer(key))!;
    // With no room in the process every look-up goes to Redis.
    await memory(0);
    await ask(fresh());
    expect((await ask(query)).body.cached).toBe(true);
    const flipped = Buffer.from(genuine);
    flipped[flipped.length - 1]! ^= 1;
    const poison = [
      Buffer.alloc(0),
      Buffer.from('{"columns":[],"rows":[["forged"]]}'),
      (await redis.getBuffer(otherKey))!,
      genuine.subarray(0, 60),
      flipped,
    ];
    for (const value of poison) {
      await redis.set(key, value);
      const { status, body } = await ask(query);
      expect([status, body.cached, body.data[0]]).toEqual([200, false, { id: 1, text: 'canary-value 1' }]);
      for (let n = 0; n < 100 && (await redis.getBuffer(key))!.equals(value); n++) await sleep(20);
    }
    expect((await ask(query)).body.cached).toBe(true);
    await memory(64);
  });

  it('does not take what was computed before the time that is allowed, whoever put it back', async () => {
    const query = fresh();
    const key = await keep(query);
    const genuine = (await redis.getBuffer(key))!;
    await memory(0);
    await ask(fresh());
    await sleep(1100);
    await redis.set(key, genuine, 'EX', 3600);
    const young = { connectionId, query, cacheTtlSeconds: 1 };
    expect((await service.api('POST', '/api/database/query', young)).body.cached).toBe(false);
    await memory(64);
  });

  it('works on while the server is away or silent, and uses it again when it is back', async () => {
    const stop = new AbortController();
    const failures: unknown[] = [];
    let answered = 0;
    const busy = [service, replica].map(async (on) => {
      while (!stop.signal.aborted) {
        const { status, body, text } = await ask(
          Math.random() < 0.5 ? fresh() : 'SELECT count(*) AS c FROM notes',
          on,
        );
        answered += 1;
        if (status !== 200 || body.data.length === 0) failures.push(text);
      }
    });
    for (let round = 0; round < 2; round++) {
      way.holdUp();
      const before = answered;
      await sleep(1500);
      await way.cut();
      await sleep(500);
      expect(answered - before).toBeGreaterThan(10);
      await way.restore();
      await sleep(500);
    }
    stop.abort();
    await Promise.all(busy);
    expect(failures).toEqual([]);
    await expect(keep(fresh())).resolves.toContain('sluice:query:');
  });
});
