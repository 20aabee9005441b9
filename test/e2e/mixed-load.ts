import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { Client } from 'pg';
import { startServiceProcess, type ServiceProcess } from './service-process';
import type { WatchedEngine } from './stop-attempts';

export interface MixedLoad {
  readonly clients: number;
  /** Of the fast ones alone, and then of all together, in milliseconds. */
  readonly aloneMs: number;
  readonly mixedMs: number;
}

/** What a client was told, once for each request that it has sent. */
interface Told {
  readonly status: number;
  readonly code: string | null;
  readonly queryId: string | null;
  readonly retryAfter: string | null;
  /** What it gave is what was asked for; `null` for a refusal. */
  readonly isOwn: boolean | null;
}

export interface MixedReport {
  readonly told: readonly Told[];
  /** Requests without an answer. */
  readonly lost: readonly unknown[];
  /** Requests that were answered in the end, and those whose client gave up. */
  readonly served: Readonly<Record<Kind, number>>;
  readonly p99Ms: { readonly alone: number; readonly mixed: number };
  readonly p50Ms: { readonly alone: number; readonly mixed: number };
  readonly slowestMs: { readonly alone: number; readonly mixed: number };
  /** Runs in history by status, and how many there are twice. */
  readonly history: Readonly<Record<string, number>>;
  readonly recorded: ReadonlySet<string>;
  /** Growth of resident memory while all worked, in bytes. */
  readonly grownBytes: number;
  /** Sessions of the database that were not idle when all was over. */
  readonly stuck: readonly unknown[];
  readonly pool: Record<string, number>;
}

type Kind = 'fast' | 'slow';

/** Four users ask fast things, two slow ones, two of both; one in five clients is slow. */
const USERS: readonly (readonly Kind[])[] = [
  ['fast'],
  ['fast'],
  ['fast'],
  ['fast'],
  ['slow'],
  ['slow'],
  ['fast', 'slow'],
  ['fast', 'slow'],
];
const SLOW_SHARE = 5;
/** Longest pause of a client between an answer and its next request. */
const PAUSE_MS: Readonly<Record<Kind, number>> = { fast: 4000, slow: 1000 };

/** A statement waits instead of working: what is measured is the gate, not two statements that share a processor. */
const texts: Readonly<Record<string, Readonly<Record<Kind, string>>>> = {
  postgresql: {
    fast: 'SELECT n, $1::text AS t FROM numbers WHERE n = 17',
    slow: 'SELECT n, $1::text AS t, pg_catalog.pg_sleep(0.4) AS s FROM numbers WHERE n = 17',
  },
  mariadb: {
    fast: 'SELECT n, ? AS t FROM numbers WHERE n = 17',
    slow: 'SELECT n, ? AS t, sleep(0.4) AS s FROM numbers WHERE n = 17',
  },
};

/** Many clients on the ten sessions of one connection; each has one request under way and asks again when it is refused. */
export async function runMixedLoad(engine: WatchedEngine, load: MixedLoad): Promise<MixedReport> {
  const service = await startServiceProcess({ RATE_LIMIT_PER_MINUTE: '0' });
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  try {
    return await measure(service, agent, engine, load);
  } finally {
    agent.destroy();
    await service.stop();
  }
}

async function measure(
  service: ServiceProcess,
  agent: Agent,
  engine: WatchedEngine,
  { clients, aloneMs, mixedMs }: MixedLoad,
): Promise<MixedReport> {
  const connection = await service.api('POST', '/api/database/connections', { name: 'm', ...engine.target });
  const connectionId: string = connection.id;
  const path = `/api/database/connections/${connectionId}`;
  const type = String(engine.target['type']);
  const functions = [type === 'postgresql' ? 'pg_catalog.pg_sleep' : 'sleep'];
  await service.api('PUT', `${path}/policies`, { items: [], functions });
  const tokens: string[] = [];
  for (const [index] of USERS.entries()) tokens.push(await addUser(service, path, `user-${index}`, engine));

  const told: Told[] = [];
  const lost: unknown[] = [];
  const served = { fast: 0, slow: 0 };
  let question = 0;

  const ask = async (token: string, kind: Kind): Promise<Told> => {
    const mark = `q${question++}`;
    const body = { connectionId, query: texts[type]![kind], params: [mark], cache: 'bypass' };
    const { status, headers, text } = await post(agent, `${service.url}/api/database/query`, token, body);
    const answer = JSON.parse(text);
    return {
      status,
      code: answer.code ?? null,
      queryId: answer.queryId ?? null,
      retryAfter: headers['retry-after'] ?? null,
      isOwn: status === 200 ? answer.data.length === 1 && answer.data[0].t === mark : null,
    };
  };
  /** One request, until it is served. */
  const visit = async (token: string, kind: Kind, times: number[]): Promise<void> => {
    const started = performance.now();
    for (;;) {
      const answer = await ask(token, kind);
      told.push(answer);
      if (answer.status === 200) break;
      if (answer.retryAfter === null) return;
      await sleep(Number(answer.retryAfter) * 1000);
    }
    times.push(performance.now() - started);
    served[kind] += 1;
  };
  const client = async (token: string, kind: Kind, until: number, times: number[]): Promise<void> => {
    await sleep(Math.random() * PAUSE_MS[kind]);
    while (performance.now() < until) {
      await visit(token, kind, times).catch((error: unknown) => lost.push(error));
      await sleep(Math.random() * PAUSE_MS[kind]);
    }
  };
  const phase = async (kinds: readonly Kind[], ms: number): Promise<number[]> => {
    const until = performance.now() + ms;
    const times: Readonly<Record<Kind, number[]>> = { fast: [], slow: [] };
    const work: Promise<void>[] = [];
    for (let index = 0; index < clients; index++) {
      const kind = index % SLOW_SHARE === 0 ? 'slow' : 'fast';
      if (!kinds.includes(kind)) continue;
      const able = tokens.filter((_, user) => USERS[user]!.includes(kind));
      work.push(client(able[Math.floor(index / SLOW_SHARE) % able.length]!, kind, until, times[kind]));
    }
    await Promise.all(work);
    return times.fast.toSorted((a, b) => a - b);
  };

  await phase(['fast'], Math.min(aloneMs, 5000));
  const alone = await phase(['fast'], aloneMs);
  const before = service.rss();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, service.rss())), 250);
  const mixed = await phase(['fast', 'slow'], mixedMs);
  clearInterval(watch);
  await settled(service);
  const [{ pool }] = (await service.api('GET', '/api/database/status')).items;
  return {
    told,
    lost,
    served,
    ...(await readHistory(service, connectionId)),
    p50Ms: { alone: quantile(alone, 0.5), mixed: quantile(mixed, 0.5) },
    p99Ms: { alone: quantile(alone, 0.99), mixed: quantile(mixed, 0.99) },
    slowestMs: { alone: quantile(alone, 1), mixed: quantile(mixed, 1) },
    grownBytes: most - before,
    stuck: await engine.busySessions(),
    pool,
  };
}

async function addUser(
  service: ServiceProcess,
  path: string,
  username: string,
  engine: WatchedEngine,
): Promise<string> {
  const password = `pass phrase of ${username}`;
  const user = { username, email: `${username}@example.com`, password, role: 'user' };
  const { id } = await service.api('POST', '/api/users', user);
  const permission = { allowedTables: engine.allowedTables };
  await service.api('PUT', `${path}/permissions/${id}`, permission);
  const { accessToken } = await service.api('POST', '/api/auth/login', { username, password }, '');
  return accessToken;
}

async function post(
  agent: Agent,
  url: string,
  token: string,
  body: object,
): Promise<{ status: number; headers: Record<string, string | undefined>; text: string }> {
  const outgoing = request(url, {
    agent,
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  });
  outgoing.end(JSON.stringify(body));
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  const headers = answer.headers as Record<string, string | undefined>;
  return { status: answer.statusCode!, headers, text: Buffer.concat(parts).toString() };
}

/** Outcomes are written behind the answers. */
async function settled(service: ServiceProcess): Promise<void> {
  for (let looks = 0; looks < 100; looks++) {
    const { items } = await service.api('GET', '/api/database/query/running');
    if (items.length === 0) break;
    await sleep(100);
  }
  await sleep(500);
}

async function readHistory(
  service: ServiceProcess,
  connectionId: string,
): Promise<Pick<MixedReport, 'history' | 'recorded'>> {
  const client = new Client({ connectionString: service.database.url });
  await client.connect();
  const { rows } = await client.query<{ id: string; status: string }>(
    'SELECT id, status FROM query_history WHERE connection_id = $1',
    [connectionId],
  );
  await client.end();
  const history: Record<string, number> = {};
  for (const { status } of rows) history[status] = (history[status] ?? 0) + 1;
  return { history, recorded: new Set(rows.map(({ id }) => id)) };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
