import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { testServer } from '../servers/servers';
import { connect, watchedDatabase, type WatchedDatabase } from './cache-service';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

/** `CACHE_SEED=…` repeats a run. */
const SEED = Number(process.env['CACHE_SEED'] ?? randomInt(1, 2 ** 31));
const STEPS = Number(process.env['CACHE_STEPS'] ?? 300);
const SECONDS = 4;

/** Mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const queries = [
  'SELECT * FROM people ORDER BY id',
  'SELECT id, email FROM people ORDER BY id',
  `SELECT count(*) AS c FROM people WHERE email LIKE 'a%'`,
  'SELECT p.id, o.total FROM people p JOIN orders o ON o.person_id = p.id ORDER BY p.id, o.id',
  'SELECT sum(total) AS s FROM orders',
];

describe.each([
  ['with Redis', true],
  ['without Redis', false],
] as const)(`two replicas %s (seed ${SEED})`, (_, withRedis) => {
  let replicas: TestService[];
  let watched: WatchedDatabase;
  let connectionId: string;
  let users: TestUser[];

  beforeAll(async () => {
    const [service, database] = await Promise.all([
      startTestService({ redisUrl: withRedis ? testServer('redis').url : null }),
      watchedDatabase([
        'CREATE TABLE people (id int PRIMARY KEY, email text, team int)',
        `INSERT INTO people VALUES (1, 'ada@example.org', 1), (2, 'grace@example.org', 2), (3, NULL, 1)`,
        'CREATE TABLE orders (id serial PRIMARY KEY, person_id int, total int)',
        'INSERT INTO orders (person_id, total) VALUES (1, 10), (2, 20), (3, 30)',
        'CREATE TABLE register (id int PRIMARY KEY, n int)',
        'INSERT INTO register VALUES (1, 0)',
      ]),
    ]);
    watched = database;
    replicas = [service, await service.replica()];
    connectionId = await connect(service, watched);
    users = [await service.user('user'), await service.user('user')];
  });
  afterAll(async () => {
    await replicas?.[0]?.close();
    await watched?.drop();
  });

  const run = (on: TestService, query: string, more: object = {}, token?: string): Promise<Answer> =>
    on.api('POST', '/api/database/query', { connectionId, query, ...more }, token ?? on.admin);

  it('never answer what an uncached run would not have given at that moment', async () => {
    const random = randomOf(SEED);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
    const [first] = replicas as [TestService];
    const base = `/api/database/connections/${connectionId}`;
    const permission = (user: TestUser, body: object | null): Promise<Answer> =>
      pick(replicas).api(body ? 'PUT' : 'DELETE', `${base}/permissions/${user.id}`, body ?? undefined);
    const policies = (items: object[]): Promise<Answer> =>
      pick(replicas).api('PUT', `${base}/policies`, { items });
    const people = { schema: 'public', table: 'people' };
    let columns = 0;
    let added = 0;

    const changes: readonly (() => Promise<Answer>)[] = [
      () => permission(pick(users), {}),
      () => permission(pick(users), {}),
      () => permission(pick(users), { allowedTables: ['public.people'] }),
      () => permission(pick(users), { unmasked: true, maxRowsPerQuery: 2 }),
      () => permission(pick(users), null),
      () => policies([{ ...people, column: 'email', mask: 'email' }]),
      () => policies([{ ...people, column: 'email', mask: 'hash' }]),
      () => policies([{ ...people, column: 'email', deny: true }]),
      () => policies([{ ...people, rowFilter: 'team = 1' }]),
      () => policies([]),
      () => run(pick(replicas), 'UPDATE people SET team = 3 - team WHERE id = 2'),
      () => run(pick(replicas), 'UPDATE orders SET total = total + 1 WHERE person_id = $1', { params: [1] }),
      () => run(pick(replicas), `INSERT INTO orders (person_id, total) VALUES (2, ${++added})`),
      () => run(pick(replicas), 'UPDATE people SET id = 1 WHERE id = 2'),
      () => run(pick(replicas), `ALTER TABLE people ADD COLUMN c${++columns} int DEFAULT ${columns}`),
      () => run(pick(replicas), `ALTER TABLE people DROP COLUMN IF EXISTS c${columns}`),
      () => pick(replicas).api('PATCH', base, { description: String(random()) }),
      async () => {
        await watched.client.query('UPDATE people SET team = 3 - team WHERE id = 1');
        return pick(replicas).api('DELETE', `${base}/cache`);
      },
    ];
    const seen = ({ status, body }: Answer): unknown => {
      const { code, columns: names, data, rowCount, truncated } = body;
      return { status, code, names, data, rowCount, truncated };
    };
    const figures = { asked: 0, hits: 0, refused: 0, changed: 0 };
    const log: string[] = [];
    for (let step = 0; step < STEPS; step++) {
      if (random() < 0.25) {
        const change = pick(changes);
        const { status, text } = await change();
        log.push(`${step}: ${String(change).slice(0, 110)} → ${status}`);
        if (status >= 500) throw new Error(`${log.join('\n')}\n${text}`);
        figures.changed += 1;
        continue;
      }
      const [query, user, rowMode] = [pick(queries), pick(users), pick(['object', 'array'])];
      const answers: Answer[] = [];
      // What is asked for the second time is what the first left behind.
      for (let round = 0; round < 2; round++) {
        const ask = (on: TestService): Promise<Answer> => run(on, query, { rowMode, maxRows: 5 }, user.token);
        answers.push(...(await Promise.all(replicas.map(ask))));
      }
      const model = await run(first, query, { rowMode, maxRows: 5, cache: 'bypass' }, user.token);
      log.push(
        `${step}: ${query} → ${answers.map(({ status, body }) => `${status} ${body.cached}`).join(', ')}`,
      );
      for (const answer of answers) {
        expect({ log: log.slice(-8), ...(seen(answer) as object) }).toEqual({
          log: log.slice(-8),
          ...(seen(model) as object),
        });
        figures.asked += 1;
        figures.hits += answer.body.cached === true ? 1 : 0;
        figures.refused += answer.status === 200 ? 0 : 1;
      }
    }
    // Both answers and changes of every kind took part, and the cache did.
    expect(figures.hits).toBeGreaterThan(figures.asked / 20);
    expect(figures.refused).toBeGreaterThan(0);
    expect(figures.changed).toBeGreaterThan(STEPS / 10);
  });

  it('never answer a value from before the question or from after the answer, while it is written', async () => {
    const random = randomOf(SEED);
    const query = 'SELECT n FROM register WHERE id = 1';
    const past = new Pool({ connectionString: watched.database.url, max: 6 });
    const now = async (): Promise<number> => (await past.query(query)).rows[0].n;
    const until = Date.now() + SECONDS * 1000;
    const wrong: unknown[] = [];
    let [hits, asked, written] = [0, 0, 0];
    const writers = [0, 1].map(async () => {
      while (Date.now() < until) {
        const on = replicas[Math.floor(random() * 2)]!;
        const { status } = await run(on, 'UPDATE register SET n = n + 1 WHERE id = 1');
        if (status === 200) written += 1;
        await sleep(random() * 60);
      }
    });
    const readers = [0, 1, 2, 3, 4, 5].map(async (reader) => {
      const on = replicas[reader % 2]!;
      while (Date.now() < until) {
        const before = await now();
        const { body } = await run(on, query);
        const after = await now();
        const n = body.data[0].n;
        asked += 1;
        hits += body.cached ? 1 : 0;
        if (n < before || n > after) wrong.push({ before, n, after, cached: body.cached });
      }
    });
    await Promise.all([...writers, ...readers]);
    await past.end();
    expect(wrong).toEqual([]);
    expect(written).toBeGreaterThan(20);
    expect(hits).toBeGreaterThan(asked / 20);
    expect((await run(replicas[1]!, query)).body.data).toEqual([{ n: written }]);
  });
});
