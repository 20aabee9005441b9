import autocannon from 'autocannon';

export interface Target {
  readonly url: string;
  /** `POST` when not given. */
  readonly method?: 'GET';
  readonly headers: Record<string, string>;
  readonly body?: string;
}

export interface Measured {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/**
 * Puts `clients` on a target, each sending its next request when it has its answer.
 * @throws Error when any answer was not 200: a ratio over failures would say nothing
 */
export async function load(target: Target, clients: number, seconds: number): Promise<Measured> {
  const times: number[] = [];
  // Without a callback the instance is a promise as well; its types know only one of the two.
  const run = autocannon({
    url: target.url,
    method: target.method ?? 'POST',
    headers: { ...(target.body !== undefined && { 'content-type': 'application/json' }), ...target.headers },
    ...(target.body !== undefined && { body: target.body }),
    connections: clients,
    duration: seconds,
    timeout: 60,
  }) as Promise<autocannon.Result> & autocannon.Instance;
  void run.on('response', (_client, _status, _bytes, ms) => times.push(ms));
  const result = await run;
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0) throw new Error(`${failed} of ${times.length} requests to ${target.url} failed`);
  times.sort((a, b) => a - b);
  return {
    requests: times.length,
    requestsPerSecond: times.length / result.duration,
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
  };
}

export function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
