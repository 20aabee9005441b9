import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestService, TestUser } from './service';
import { openStream, readStream } from './stream-request';

/** An engine whose own list of running statements can be asked. */
export interface WatchedEngine {
  readonly target: Record<string, unknown>;
  readonly allowedTables: readonly string[];
  /** Runs for a minute unless it is stopped; the server's list shows the marker. */
  slow(marker: string): unknown;
  /** Gives rows for ever. */
  endless(marker: string): unknown;
  /** Whether the server runs a statement with the marker. */
  isRunning(marker: string): Promise<boolean>;
  /** What its sessions do now, of those that are not idle: statements, open transactions, cursors. */
  busySessions(): Promise<readonly unknown[]>;
  /** Takes no time, and is right. */
  readonly quick: unknown;
  /** Takes no time, and gives one row, the marker as `m`. */
  echo(marker: string): unknown;
  drop(): Promise<void>;
}

export const causes = ['delete', 'client', 'deadline', 'revoked', 'stream client', 'stream delete'] as const;
export type Cause = (typeof causes)[number];

export interface Attempt {
  readonly cause: Cause;
  /** From the order to stop until the server's list was without the statement. */
  readonly goneMs: number;
  /** Code of the answer; `null` when nobody was there to be answered. */
  readonly code: string | null;
  /** What the next statement on the connection answered. */
  readonly next: number;
}

/** Starts a slow statement, stops it once the server runs it, and looks at the server until it is gone. */
export async function attemptStop(
  service: TestService,
  engine: WatchedEngine,
  connectionId: string,
  user: TestUser,
  cause: Cause,
): Promise<Attempt> {
  const marker = `stop_${randomUUID().replaceAll('-', '')}`;
  const permission = `/api/database/connections/${connectionId}/permissions/${user.id}`;
  const { allowedTables } = engine;
  const wide = { allowedTables, maxRowsPerQuery: null, maxExecutionTimeSeconds: 60 };
  await service.api('PUT', permission, wide);
  const client = new AbortController();
  const streamed = cause.startsWith('stream');
  const running = streamed
    ? (async () => {
        const answer = await openStream(service, {
          connectionId,
          query: engine.endless(marker),
          token: user.token,
        });
        if (client.signal.aborted) answer.destroy();
        client.signal.addEventListener('abort', () => answer.destroy());
        await sleep(50);
        return readStream(answer);
      })()
    : fetch(`${service.url}/api/database/query`, {
        method: 'POST',
        signal: client.signal,
        headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          connectionId,
          query: engine.slow(marker),
          cache: 'bypass',
          ...(cause === 'deadline' && { timeoutMs: 400 }),
        }),
      }).then((response) => response.text());
  const answered = running.then(
    (answer) => {
      if (typeof answer === 'string') return answer;
      return answer.broken ? null : (answer.text.trimEnd().split('\n').at(-1) ?? '');
    },
    () => null,
  );
  await until(() => engine.isRunning(marker), 10_000);
  if (cause === 'deadline') await sleep(400);
  const ordered = performance.now();
  if (cause === 'client' || cause === 'stream client') client.abort();
  if (cause === 'delete' || cause === 'stream delete') await cancelAll(service, user);
  if (cause === 'revoked') await service.api('DELETE', permission);
  await until(async () => !(await engine.isRunning(marker)), 20_000);
  const goneMs = performance.now() - ordered;
  if (cause === 'revoked') await service.api('PUT', permission, wide);
  const text = await answered;
  const next = await service.api(
    'POST',
    '/api/database/query',
    { connectionId, query: engine.quick, cache: 'bypass' },
    user.token,
  );
  return { cause, goneMs, code: codeOf(text), next: next.status };
}

async function cancelAll(service: TestService, user: TestUser): Promise<void> {
  const list = await service.api('GET', '/api/database/query/running', undefined, user.token);
  for (const { queryId } of list.body.items) {
    const path = `/api/database/query/${queryId}`;
    const { status } = await service.api('DELETE', path, undefined, user.token);
    if (status !== 204) throw new Error(`a cancel was answered with ${status}`);
  }
}

function codeOf(text: string | null): string | null {
  if (text === null) return null;
  const answer = JSON.parse(text) as { code?: string; error?: { code: string } };
  return answer.error?.code ?? answer.code ?? 'none';
}

export async function until(condition: () => Promise<boolean>, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`the condition did not come true within ${withinMs} ms`);
    await sleep(5);
  }
}

/** What each cause answers. */
export const expectedCodes: Readonly<Record<Cause, string | null>> = {
  delete: 'query.cancelled',
  client: null,
  deadline: 'query.timeout',
  revoked: 'permission.revoked',
  'stream client': null,
  'stream delete': 'query.cancelled',
};
