import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Config } from '../../src/config/config';
import { startService, type RunningService } from '../../src/start-service';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { ADMIN, testConfig } from './test-config';

export { ADMIN };

export interface Answer<T = any> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  readonly text: string;
}

/** A bearer token, an API key, or nobody. */
export type Auth = string | { readonly apiKey: string } | null;

export interface TestService {
  readonly url: string;
  readonly service: RunningService;
  readonly database: FreshDatabase;
  readonly config: Config;
  /** Access token of the first administrator. */
  readonly admin: string;
  /** Every line of the log so far. */
  logged(): string;
  /** One request over HTTP; `body` as JSON unless it is bytes or text already. Without `auth`: the administrator. */
  api<T = any>(method: string, path: string, body?: unknown, auth?: Auth): Promise<Answer<T>>;
  /** @returns the answer of the log-in */
  login(username: string, password: string): Promise<Answer>;
  /** Creates a user and logs in. */
  user(role: 'admin' | 'user' | 'viewer', name?: string): Promise<TestUser>;
  /** Another replica on the same database. */
  replica(overrides?: Partial<Config>): Promise<TestService>;
  close(): Promise<void>;
}

export interface TestUser {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly token: string;
  readonly refreshToken: string;
}

/** The real service over HTTP on a database of its own. */
export async function startTestService(overrides: Partial<Config> = {}): Promise<TestService> {
  const database = await freshPostgresDatabase();
  try {
    return await startOn(database, testConfig({ databaseUrl: database.url, ...overrides }), () =>
      database.drop(),
    );
  } catch (error) {
    await database.drop();
    throw error;
  }
}

async function startOn(
  database: FreshDatabase,
  config: Config,
  afterwards: () => Promise<void>,
): Promise<TestService> {
  const lines: string[] = [];
  const service = await startService(config, {
    log: { stream: { write: (line) => void lines.push(line) }, readable: false },
  });
  const { url } = service;
  const replicas: TestService[] = [];
  let admin = '';

  const send = async (method: string, path: string, body: unknown, auth: Auth): Promise<Answer> => {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(typeof auth === 'string' && { authorization: `Bearer ${auth}` }),
        ...(auth !== null && typeof auth === 'object' && { 'x-api-key': auth.apiKey }),
      },
      ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : null,
    };
  };
  const login = (username: string, password: string): Promise<Answer> =>
    send('POST', '/api/auth/login', { username, password }, null);
  admin = (await login(ADMIN.username, ADMIN.password)).body.accessToken;

  return {
    url,
    service,
    database,
    config,
    admin,
    logged: () => lines.join(''),
    api: (method, path, body, auth = admin) => send(method, path, body, auth),
    login,
    async user(role, name = `${role}-${randomBytes(4).toString('hex')}`) {
      const password = `pass phrase ${randomBytes(6).toString('hex')}`;
      const body = { username: name, email: `${name}@example.com`, password, role };
      const created = await send('POST', '/api/users', body, admin);
      if (created.status !== 201) throw new Error(`no user: ${created.text}`);
      const { accessToken, refreshToken } = (await login(name, password)).body;
      return { id: created.body.id, username: name, password, token: accessToken, refreshToken };
    },
    async replica(overrides = {}) {
      // Replicas do not share a folder.
      const auditRootsFile = `${config.auditRootsFile}.${replicas.length + 1}`;
      const other = await startOn(
        database,
        { ...config, auditRootsFile, ...overrides },
        async () => undefined,
      );
      replicas.push(other);
      return other;
    },
    async close() {
      for (const other of replicas) await other.close();
      await service.close();
      rmSync(config.auditRootsFile, { force: true });
      rmSync(config.backupDir, { recursive: true, force: true });
      await afterwards();
    },
  };
}
