import { readFileSync } from 'node:fs';
import path from 'node:path';
import { findFreePort } from '../src/database/find-free-port';
import type { Contender } from './compare';
import type { Target } from './load';
import { startProgram, type Running } from './processes';
import type { Scenario } from './scenarios';

interface Other {
  readonly title: string;
  readonly packageName: string;
  /** Below `bench/others`. */
  readonly file: string;
  readonly env: (databaseUrl: string) => Promise<Record<string, string>> | Record<string, string>;
  readonly target: (url: string, scenario: Scenario) => Target;
}

const dir = path.join(__dirname, 'others');

/** Each as its manual starts it, without credentials and without logging its requests. */
const others: readonly Other[] = [
  {
    title: 'Platformatic DB',
    packageName: '@platformatic/db',
    file: 'platformatic.mjs',
    env: () => ({}),
    target: (url, { rows, params: [value] }) => ({
      url: rows === 1 ? `${url}/items/${value}` : `${url}/items/?where.id.lte=${value}&limit=${rows}`,
      method: 'GET',
      headers: {},
    }),
  },
  {
    title: 'postgres-meta',
    packageName: '@supabase/postgres-meta',
    file: 'node_modules/@supabase/postgres-meta/dist/server/server.js',
    env: async (databaseUrl) => ({
      PG_META_DB_URL: databaseUrl,
      PG_META_HOST: '127.0.0.1',
      // It has no way to say "any"; the port after it is for its metrics.
      PG_META_PORT: String(await findFreePort('127.0.0.1')),
    }),
    target: (url, { query, params }) => ({
      url: `${url}/query`,
      headers: {},
      body: JSON.stringify({ query, parameters: params }),
    }),
  },
];

/** Starts the programs of `bench/others/package.json` on the same database, one after the other. */
export async function startOthers(databaseUrl: string, pool: number): Promise<(Contender & Running)[]> {
  const { dependencies } = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const started: (Contender & Running)[] = [];
  try {
    for (const { title, packageName, file, env, target } of others) {
      const running = await startProgram(
        path.join(dir, file),
        {
          NODE_ENV: 'production',
          BENCH_DATABASE_URL: databaseUrl,
          BENCH_POOL: String(pool),
          ...(await env(databaseUrl)),
        },
        (line) => /(http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1] ?? null,
      );
      const name = `${title} ${dependencies[packageName] ?? ''}`;
      started.push({ ...running, name, target: (scenario) => target(running.url, scenario) });
    }
    return started;
  } catch (error) {
    for (const one of started) await one.stop();
    throw error;
  }
}
