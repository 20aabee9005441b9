import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { freshMariadbDatabase, type FreshDatabase } from '../servers/servers';
import { startTestService, type TestService, type TestUser } from './service';

/** One request of a user, and what came of it. */
interface Visit {
  readonly home: string;
  readonly from: number;
  readonly to: number;
  /** Of the database that answered; `null` for a refusal. */
  readonly answeredBy: string | null;
  readonly status: number;
  readonly code: string | null;
}

/** A time in which a shard was away: it went between `leaving` and `left`, and came back after `returning`. */
interface Absence {
  readonly shard: string;
  readonly refusal: string;
  readonly leaving: number;
  readonly left: number;
  readonly returning: number;
  readonly returned: number;
}

const SHARDS = ['a', 'b', 'c'];
/** Answers to wait for between two changes. */
const ANSWERS = 60;
const ANSWERS_OF_A_SHARD = 12;

/** Users work by session on two replicas, while shards are added, paused, drained, switched off, changed and removed. */
describe('shards that change under load', () => {
  let replicas: TestService[];
  const databases = new Map<string, FreshDatabase>();
  const visits: Visit[] = [];
  const absences: Absence[] = [];
  const workers: Promise<void>[] = [];
  const control = { running: true };

  const database = async (name: string): Promise<FreshDatabase> => {
    const fresh = await freshMariadbDatabase();
    databases.set(name, fresh);
    const client = await createConnection(fresh.url);
    await client.query('CREATE TABLE visits (user_id CHAR(36), home VARCHAR(20))');
    await client.query(`CREATE TABLE whoami AS SELECT '${name}' AS name`);
    await client.end();
    return fresh;
  };
  const api = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await replicas[0]!.api(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
    return answer.body;
  };
  const add = async (shardId: string, userIds: readonly string[]): Promise<void> => {
    const { host, port, database: databaseName, username, password } = await database(shardId);
    const target = { type: 'mariadb', host, port, databaseName, username, password, maxConnections: 5 };
    const { connectionId } = await api('POST', '/api/shards', { shardId, region: shardId, ...target });
    for (const userId of userIds) {
      await api('PUT', `/api/database/connections/${connectionId}/permissions/${userId}`, { canWrite: true });
    }
  };
  const userAt = async (home: string): Promise<TestUser> => {
    const user = await replicas[0]!.user('user');
    await api('PATCH', `/api/users/${user.id}`, { attributes: { region: home } });
    return user;
  };

  const visit = async (
    replica: TestService,
    { id, token }: TestUser,
    home: string,
    write: boolean,
  ): Promise<void> => {
    const from = performance.now();
    const request = write
      ? { query: 'INSERT INTO visits VALUES (?, ?)', params: [id, home] }
      : { query: 'SELECT name FROM whoami', cache: 'bypass' };
    const { status, body } = await replica.api('POST', '/api/shards/session/query', request, token);
    const answeredBy = status !== 200 ? null : write ? home : body.data[0].name;
    visits.push({ home, from, to: performance.now(), answeredBy, status, code: body.code ?? null });
  };
  const start = (user: TestUser, home: string): void => {
    for (const [index, replica] of replicas.entries()) {
      workers.push(
        (async () => {
          for (let count = index; control.running; count++) {
            await visit(replica, user, home, count % 3 === 0);
            await sleep(5);
          }
        })(),
      );
    }
  };
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await sleep(5);
  };
  const goOn = async (): Promise<void> => {
    const before = visits.length;
    await until(() => visits.length >= before + ANSWERS);
  };
  const away = async (shard: string, status: string, refusal: string): Promise<void> => {
    const leaving = performance.now();
    await api('PATCH', `/api/shards/${shard}`, { status });
    const left = performance.now();
    await until(
      () => visits.filter(({ home, from }) => home === shard && from > left).length >= ANSWERS_OF_A_SHARD,
    );
    const returning = performance.now();
    await api('PATCH', `/api/shards/${shard}`, { status: 'active' });
    absences.push({ shard, refusal, leaving, left, returning, returned: performance.now() });
    await goOn();
  };

  beforeAll(async () => {
    const service = await startTestService({ maxSessionsTotal: 200 });
    replicas = [service];
    replicas.push(await service.replica());
    const { host, port, database: name, username, password } = await database('global');
    const target = { type: 'mariadb', host, port, database: name, username, password };
    const { id } = await api('POST', '/api/database/connections', {
      name: 'global',
      ...target,
      readOnly: false,
    });
    await api('PUT', '/api/shards/groups/default', { globalConnectionId: id, strategy: 'region' });
    const users = new Map<string, TestUser[]>();
    for (const shard of SHARDS) users.set(shard, [await userAt(shard), await userAt(shard)]);
    const everybody = [...users.values()].flat();
    const ids = everybody.map((user) => user.id);
    // Whoever may ask everything is kept apart by the route alone.
    for (const user of ids)
      await api('PUT', `/api/database/connections/${id}/permissions/${user}`, { canWrite: true });
    for (const shard of SHARDS) await add(shard, ids);
    for (const [home, [one, two]] of users) {
      start(one!, home);
      start(two!, home);
    }
    await goOn();
    await away('a', 'maintenance', 'shard.maintenance');
    await add('d', ids);
    const late = await userAt('d');
    const { connectionId } = await api('GET', '/api/shards/d');
    await api('PUT', `/api/database/connections/${connectionId}/permissions/${late.id}`, { canWrite: true });
    start(late, 'd');
    await away('b', 'draining', 'shard.maintenance');
    await away('c', 'inactive', 'shard.unknown');
    await api('PATCH', '/api/shards/a', { maxConnections: 4 });
    await goOn();
    await add('brief', ids);
    await api('DELETE', '/api/shards/brief');
    await Promise.all([
      away('a', 'inactive', 'shard.unknown'),
      away('c', 'maintenance', 'shard.maintenance'),
    ]);
    control.running = false;
    await Promise.all(workers);
  });
  afterAll(async () => {
    control.running = false;
    await Promise.allSettled(workers);
    await replicas?.[0]?.close();
    for (const one of databases.values()) await one.drop();
  });

  const absencesOf = (one: Visit): Absence[] =>
    absences.filter(
      ({ shard, leaving, returned }) => shard === one.home && one.to >= leaving && one.from <= returned,
    );

  it('answers every user from their own shard and from no other database', () => {
    const answered = visits.filter(({ answeredBy }) => answeredBy !== null);
    expect(answered.filter(({ home, answeredBy }) => home !== answeredBy)).toEqual([]);
    expect(new Set(answered.map(({ home }) => home))).toEqual(new Set([...SHARDS, 'd']));
    expect(answered.length).toBeGreaterThan(200);
  });

  it('writes the rows of every user into their own shard and into no other database', async () => {
    const foreign: unknown[] = [];
    let own = 0;
    for (const [name, { url }] of databases) {
      const client = await createConnection(url);
      const [rows] = await client.query('SELECT home, count(*) AS n FROM visits GROUP BY home');
      await client.end();
      for (const { home, n } of rows as { home: string; n: number }[]) {
        if (home === name) own += n;
        else foreign.push([name, home, n]);
      }
    }
    expect(foreign).toEqual([]);
    expect(own).toBeGreaterThan(50);
  });

  it('fails nothing on shards that are not touched', () => {
    const failed = visits.filter((one) => one.status !== 200 && absencesOf(one).length === 0);
    expect(failed).toEqual([]);
  });

  it('refuses with the one reason of the shard that is away', () => {
    const refused = visits.filter(({ status }) => status !== 200);
    const unexplained = refused.filter((one) => absencesOf(one).every(({ refusal }) => refusal !== one.code));
    expect(unexplained).toEqual([]);
    expect(new Set(refused.map(({ status, code }) => `${status} ${code}`))).toEqual(
      new Set(['503 shard.maintenance', '409 shard.unknown']),
    );
  });

  it('lets nothing through on any replica from the moment the change is answered', () => {
    const within = absences.map(({ shard, left, returning }) => ({
      shard,
      asked: visits.filter(({ home, from, to }) => home === shard && from > left && to < returning),
    }));
    expect(within.filter(({ asked }) => asked.length === 0)).toEqual([]);
    expect(within.flatMap(({ asked }) => asked).filter(({ status }) => status === 200)).toEqual([]);
  });
});
