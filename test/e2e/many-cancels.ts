import { setTimeout as sleep } from 'node:timers/promises';
import type { TestService, TestUser } from './service';
import { until, type WatchedEngine } from './stop-attempts';

const ways = ['delete', 'client', 'deadline'] as const;
/** Cancelled at once; the connection has ten sessions. */
const AT_ONCE = 6;
/** Longest time from the request to the order to stop, in milliseconds: anywhere from the admission to the statement. */
const WITHIN_MS = 40;

export interface CancelReport {
  /** Answers by way and code; `gone` where the client was. */
  readonly ended: Readonly<Record<string, number>>;
  /** Answers to cancels by way of `delete`. */
  readonly confirmed: Readonly<Record<string, number>>;
  /** What was asked after a cancel and did not get its own answer. */
  readonly hit: readonly unknown[];
  /** Sessions of the server that were not idle in the end. */
  readonly stuck: readonly unknown[];
  readonly pool: Record<string, number>;
  readonly running: readonly unknown[];
}

/** Cancels statements of a user in every way, and asks something else after each; then looks at what is left of them. */
export async function cancelMany(
  service: TestService,
  engine: WatchedEngine,
  connectionId: string,
  user: TestUser,
  count: number,
): Promise<CancelReport> {
  const ended: Record<string, number> = {};
  const confirmed: Record<string, number> = {};
  const hit: unknown[] = [];
  const note = (into: Record<string, number>, name: string): void => {
    into[name] = (into[name] ?? 0) + 1;
  };
  const send = (query: unknown, more: object = {}, signal?: AbortSignal): Promise<Response> =>
    fetch(`${service.url}/api/database/query`, {
      method: 'POST',
      ...(signal && { signal }),
      headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ connectionId, query, cache: 'bypass', ...more }),
    });
  const echo = async (marker: string): Promise<void> => {
    const answer = await send(engine.echo(marker));
    const body: any = await answer.json();
    if (answer.status !== 200 || body.data.length !== 1 || body.data[0].m !== marker)
      hit.push({ marker, body });
  };
  const deleteOwn = async (marker: string, isOver: () => boolean): Promise<void> => {
    const own = async (): Promise<string | undefined> => {
      const { body } = await service.api('GET', '/api/database/query/running', undefined, user.token);
      return body.items.find(({ statement }: any) => statement.includes(marker))?.queryId;
    };
    let id = await own();
    while (id === undefined && !isOver()) id = await own();
    const { status } = await service.api('DELETE', `/api/database/query/${id}`, undefined, user.token);
    note(confirmed, String(status));
  };
  const cancel = async (n: number): Promise<void> => {
    const way = ways[n % ways.length]!;
    // Names that are no part of one another.
    const marker = `cancel_${n}_`;
    const delay = Math.ceil(Math.random() * WITHIN_MS);
    const client = new AbortController();
    let isOver = false;
    const slow = engine.slow(marker);
    const answer = send(slow, way === 'deadline' ? { timeoutMs: delay } : {}, client.signal)
      .then(
        async (response) => ((await response.json()) as { code?: string }).code ?? String(response.status),
      )
      .catch(() => 'gone')
      .finally(() => (isOver = true));
    if (way !== 'deadline') await sleep(delay);
    if (way === 'client') client.abort();
    if (way === 'delete') await deleteOwn(marker, () => isOver);
    note(ended, `${way}: ${await answer}`);
    await echo(`after_${n}`);
  };

  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < count) await cancel(next++);
    }),
  );
  const status = async (): Promise<any> => (await service.api('GET', '/api/database/status')).body.items[0];
  // What a client has left behind may be on its way out.
  await until(async () => (await status()).pool.busy === 0, 20_000);
  for (let round = 0; round < 5; round++) {
    const { max } = (await status()).pool;
    await Promise.all(Array.from({ length: max }, (_, index) => echo(`each_${round}_${index}`)));
  }
  await until(async () => (await status()).pool.busy === 0, 20_000);
  const stuck = await engine.busySessions();
  const { pool } = await status();
  const { body } = await service.api('GET', '/api/database/query/running');
  return { ended, confirmed, hit, stuck, pool, running: body.items };
}
