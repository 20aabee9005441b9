import { load, median, type Measured, type Target } from './load';
import type { BenchService } from './service';

export interface CacheLine {
  readonly clients: number;
  /** Milliseconds; medians of the rounds. */
  readonly hit: readonly [p50: number, p95: number];
  /** The database is asked, and the result is kept. */
  readonly miss: readonly [p50: number, p95: number];
  /** Requests a second, hit / miss. */
  readonly ratio: number;
}

/** The same 100 rows out of the cache and, by `refresh`, out of the database, in turn. */
export async function compareCache(
  service: BenchService,
  body: { readonly connectionId: string; readonly query: string; readonly params: readonly unknown[] },
  how: { readonly rounds: number; readonly seconds: number },
): Promise<CacheLine[]> {
  const target = (cache: string): Target => ({
    url: `${service.url}/api/database/query`,
    headers: service.headers,
    body: JSON.stringify({ ...body, cache }),
  });
  const lines: CacheLine[] = [];
  for (const clients of [1, 16]) {
    const pairs: [hit: Measured, miss: Measured][] = [];
    await load(target('refresh'), clients, 1);
    await load(target('use'), clients, 1);
    for (let round = 0; round < how.rounds; round++) {
      const miss = await load(target('refresh'), clients, how.seconds);
      pairs.push([await load(target('use'), clients, how.seconds), miss]);
    }
    lines.push({
      clients,
      hit: [median(pairs.map(([hit]) => hit.p50Ms)), median(pairs.map(([hit]) => hit.p95Ms))],
      miss: [median(pairs.map(([, miss]) => miss.p50Ms)), median(pairs.map(([, miss]) => miss.p95Ms))],
      ratio: median(pairs.map(([hit, miss]) => hit.requestsPerSecond / miss.requestsPerSecond)),
    });
  }
  return lines;
}

/** One sentence for the report. */
export function cacheReport(lines: readonly CacheLine[]): string {
  const each = lines.map(({ clients, hit, miss, ratio }) => {
    const [h, m] = [hit, miss].map(([p50, p95]) => `${p50.toFixed(1)} / ${p95.toFixed(1)} ms`);
    return `${clients} client${clients === 1 ? '' : 's'}: hit ${h}, miss ${m}, throughput ${ratio.toFixed(2)}`;
  });
  return `100 rows out of the cache, p50 / p95: ${each.join('; ')}.`;
}
