import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findFreePort } from '../../src/database/find-free-port';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

const MAIN = path.join(__dirname, '..', '..', 'dist', 'main.js');
const PASSWORD = 'pass phrase of the first one';

/** The built service in a process of its own, so that its memory is nobody else's. */
export interface ServiceProcess {
  readonly url: string;
  readonly token: string;
  /** Where it keeps its records. */
  readonly database: FreshDatabase;
  /** Resident memory in bytes. */
  rss(): number;
  /** As the first administrator, or with another token. */
  api(method: string, route: string, body?: unknown, auth?: string): Promise<any>;
  stop(): Promise<void>;
}

/** @param settings further variables of its environment */
export async function startServiceProcess(settings: Record<string, string> = {}): Promise<ServiceProcess> {
  if (!existsSync(MAIN)) throw new Error('dist is missing: run `npm run build` first');
  const database = await freshPostgresDatabase();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'sluice-process-'));
  const port = await findFreePort();
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      SAMPLES: 'false',
      ADMIN_PASSWORD: PASSWORD,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the service does not start')));
    child.stdout.on('data', (part: Buffer) => {
      if (part.toString().includes('Sluice is ready')) resolve();
    });
  });
  const url = `http://127.0.0.1:${port}`;
  let token = '';
  const api = async (method: string, route: string, body?: unknown, auth = token): Promise<any> => {
    const response = await fetch(url + route, {
      method,
      headers: {
        ...(auth !== '' && { authorization: `Bearer ${auth}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return response.status === 204 ? null : response.json();
  };
  token = (await api('POST', '/api/auth/login', { username: 'admin', password: PASSWORD })).accessToken;
  return {
    url,
    token,
    database,
    api,
    rss: () => Number(readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')[1]) * 4096,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
