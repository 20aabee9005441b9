import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { postgresqlEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

/** `name{a="1",b="2"} 3` as name, sorted labels and value. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function parse(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)!;
      return {
        name: name!,
        labels: Object.fromEntries(
          [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text_]) => [key, text_]),
        ),
        value: Number(value),
      };
    });
}

describe('metrics', () => {
  let service: TestService;
  let engine: SqlEngine;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), postgresqlEngine()]);
    connectionId = await connect({});
    user = await service.user('user');
    await service.api('PUT', `/api/database/connections/${connectionId}/permissions/${user.id}`, {
      allowedTables: ['public.people', 'public.numbers'],
    });
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  const connect = async (overrides: object): Promise<string> => {
    const body = { name: randomUUID(), ...engine.target, maxConnections: 4, ...overrides };
    return (await service.api('POST', '/api/database/connections', body)).body.id;
  };
  const ask = (query: string, more: object = {}): Promise<Answer> =>
    service.api('POST', '/api/database/query', { connectionId, query, cache: 'bypass', ...more }, user.token);
  const scrape = async (): Promise<Sample[]> => parse((await service.api('GET', '/metrics')).text);
  const valueOf = async (name: string, labels: Record<string, string> = {}): Promise<number | undefined> =>
    (await scrape()).find(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )?.value;

  it('are for administrators', async () => {
    expect((await service.api('GET', '/metrics', undefined, user.token)).body.code).toBe('auth.forbidden');
    expect((await service.api('GET', '/metrics', undefined, null)).status).toBe(401);
    const { status, headers } = await service.api('GET', '/metrics');
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/plain/)]);
  });

  it('count runs by connection, kind and how they ended', async () => {
    const runs = (status: string): Promise<number | undefined> =>
      valueOf('query_runs_total', { connection: connectionId, type: 'postgresql', status });
    for (let n = 0; n < 3; n++) expect((await ask(`SELECT ${n} AS n`)).status).toBe(200);
    await ask('SELECT nothing FROM people');
    await ask('SELECT * FROM secrets');
    await ask('DROP TABLE people');
    await ask(engine.slow(60), { timeoutMs: 100 });
    expect(await runs('success')).toBe(3);
    expect(await runs('error')).toBe(1);
    expect(await runs('refused')).toBe(2);
    expect(await runs('timeout')).toBe(1);
    expect(await valueOf('query_run_duration_seconds_count', { type: 'postgresql', status: 'success' })).toBe(
      3,
    );
    expect(
      await valueOf('query_run_duration_seconds_bucket', {
        type: 'postgresql',
        status: 'timeout',
        le: '0.05',
      }),
    ).toBe(0);
    const absent = await ask('SELECT 1 AS one', { connectionId: randomUUID() });
    expect(absent.status).toBe(404);
    expect(await valueOf('query_runs_total', { connection: 'unknown', status: 'refused' })).toBe(1);
  });

  it('show what runs and the sessions of each pool as they are', async () => {
    expect(await valueOf('queries_running')).toBe(0);
    const running = [
      ask(engine.slow(60), { timeoutMs: 30_000 }),
      ask(engine.slow(61), { timeoutMs: 30_000 }),
    ];
    const sessions = (state: string): Promise<number | undefined> =>
      valueOf('source_sessions', { connection: connectionId, type: 'postgresql', state });
    for (let n = 0; n < 200 && (await sessions('busy')) !== 2; n++) await sleep(20);
    expect([await valueOf('queries_running'), await sessions('busy'), await sessions('max')]).toEqual([
      2, 2, 4,
    ]);
    expect(await sessions('open')).toBeGreaterThanOrEqual(2);
    const { items } = (await service.api('GET', '/api/database/query/running')).body;
    for (const { queryId } of items) await service.api('DELETE', `/api/database/query/${queryId}`);
    await Promise.all(running);
    for (let n = 0; n < 200 && (await sessions('busy')) !== 0; n++) await sleep(20);
    expect([await valueOf('queries_running'), await sessions('busy'), await sessions('waiting')]).toEqual([
      0, 0, 0,
    ]);
  });

  it('show the circuit of each connection, and nothing of one that is deleted', async () => {
    const broken = await connect({ port: 1 });
    const state = (name: string): Promise<number | undefined> =>
      valueOf('source_circuit_state', { connection: broken, state: name });
    expect(await state('open')).toBeUndefined();
    for (let n = 0; n < 3; n++) {
      await service.api('POST', '/api/database/query', { connectionId: broken, query: 'SELECT 1' });
    }
    expect((await state('open'))! + (await state('half_open'))!).toBe(1);
    expect(await state('closed')).toBe(0);
    expect(await valueOf('source_circuit_state', { connection: connectionId, state: 'closed' })).toBe(1);
    await service.api('DELETE', `/api/database/connections/${broken}`);
    for (let n = 0; n < 200 && (await state('closed')) !== undefined; n++) await sleep(20);
    expect(await state('closed')).toBeUndefined();
  });

  it('show how many requests share a commit, and that none waits', async () => {
    const before = (await valueOf('group_commit_requests_count'))!;
    const sum = (await valueOf('group_commit_requests_sum'))!;
    await Promise.all(Array.from({ length: 30 }, () => ask('SELECT 1 AS one')));
    await service.api('GET', '/api/database/history?limit=1');
    const commits = (await valueOf('group_commit_requests_count'))! - before;
    // An intent and an outcome each; the audit has no more for these.
    expect((await valueOf('group_commit_requests_sum'))! - sum).toBeGreaterThanOrEqual(60);
    expect(commits).toBeLessThan(60);
    expect(await valueOf('group_commit_waiting_requests')).toBe(0);
  });

  it('have no series per user, statement, address or request', async () => {
    const allowed = new Set(
      'connection type status state method route le quantile kind outcome version major minor patch space'.split(
        ' ',
      ),
    );
    const samples = await scrape();
    expect(
      [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))].filter((key) => !allowed.has(key)),
    ).toEqual([]);
    const text = JSON.stringify(samples);
    for (const secret of [user.id, user.username, engine.target['password'], engine.target['host']]) {
      expect(text).not.toContain(secret);
    }
    const routes = samples.flatMap(({ labels }) => labels['route'] ?? []);
    expect(routes.filter((route) => /[0-9a-f]{8}-[0-9a-f]{4}/.test(route))).toEqual([]);
    expect(await valueOf('nodejs_eventloop_lag_seconds')).toBeGreaterThanOrEqual(0);
    expect(
      await valueOf('http_request_duration_seconds_count', { route: '/api/database/query', status: '200' }),
    ).toBeGreaterThan(30);
  });
});
