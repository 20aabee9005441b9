import { rmSync } from 'node:fs';
import path from 'node:path';
import { startProgram, type Running } from './processes';

const PASSWORD = 'bench-administrator-1';

export interface BenchService extends Running {
  /** Calls the API as the administrator; throws for any answer but a success. */
  call<T>(method: string, route: string, body?: unknown): Promise<T>;
  readonly headers: Record<string, string>;
}

/** The built service with everything on, as an operator runs it, on a system database of its own. */
export async function startBenchService(
  systemUrl: string,
  dataDir: string,
  nodeOptions: readonly string[] = [],
): Promise<BenchService> {
  rmSync(dataDir, { recursive: true, force: true });
  const running = await startProgram(
    path.join(__dirname, '..', 'dist', 'main.js'),
    {
      PORT: '0',
      DATA_DIR: dataDir,
      DATABASE_URL: systemUrl,
      ADMIN_PASSWORD: PASSWORD,
      SAMPLES: 'false',
      RATE_LIMIT_PER_MINUTE: '0',
      ACCESS_TOKEN_SECONDS: '86400',
      LOG_LEVEL: process.env.BENCH_LOG_LEVEL ?? 'info',
    },
    (line) => /(http:\/\/127\.0\.0\.1:\d+)\/docs/.exec(line)?.[1] ?? null,
    nodeOptions,
  );
  const headers: Record<string, string> = {};
  const call = async <T>(method: string, route: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${running.url}/api${route}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text.slice(0, 500)}`);
    return (text ? JSON.parse(text) : undefined) as T;
  };
  const { accessToken } = await call<{ accessToken: string }>('POST', '/auth/login', {
    username: 'admin',
    password: PASSWORD,
  });
  headers.authorization = `Bearer ${accessToken}`;
  return { ...running, call, headers };
}
