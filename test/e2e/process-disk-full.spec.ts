import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

const MAIN = path.join(__dirname, '..', '..', 'dist');
const PASSWORD = 'pass phrase of the first one';
/** Largest file the process may write, in blocks of `ulimit -f`; what a full disk is for everything behind it. */
const BLOCKS = 16;

/** A limit on the size of files: `write` fails where it is reached, without rights or mounts. */
function limited(script: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  const command = `ulimit -f ${BLOCKS}; exec "$0" "$@"`;
  return spawn('sh', ['-c', command, process.execPath, path.join(MAIN, script), ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

describe('a disk that is full', () => {
  let database: FreshDatabase;
  let dir: string;
  let child: ChildProcess;
  let url: string;
  let token: string;

  const env = (): Record<string, string> => ({
    PORT: '0',
    DATA_DIR: dir,
    DATABASE_URL: database.url,
    SAMPLES: 'false',
    ADMIN_PASSWORD: PASSWORD,
    BACKUP_DIR: path.join(dir, 'backups'),
  });
  const api = async (
    method: string,
    route: string,
    body?: unknown,
  ): Promise<{ status: number; text: string }> => {
    const answer = await fetch(url + route, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const ready = async (): Promise<any> => JSON.parse((await api('GET', '/api/health/ready')).text);
  const rootsFile = (): string => path.join(dir, 'audit-roots.ndjson');

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    dir = mkdtempSync(path.join(tmpdir(), 'sluice-full-'));
    child = limited('main.js', [], env());
    let text = '';
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the service does not start: ${text}`)));
      child.stdout!.on('data', (part) => {
        text += String(part);
        url ??= /Sluice is ready: (\S+)\/docs/.exec(text)?.[1] as string;
        if (url) resolve();
      });
    });
    const login = await api('POST', '/api/auth/login', { username: 'admin', password: PASSWORD });
    token = JSON.parse(login.text).accessToken;
    // More than fits, however well it packs.
    for (let n = 0; n < 12; n++) {
      const description = Array.from({ length: 300 }, () => Math.random().toString(36))
        .join('')
        .slice(0, 2000);
      await api('POST', '/api/database/connections', {
        name: `c${n}`,
        type: 'sqlite',
        database: '/none',
        description,
      });
    }
  });
  afterAll(async () => {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
    await database.drop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('makes a backup fail with its reason, leaves nothing half, and shows in readiness', async () => {
    const answer = await api('POST', '/api/jobs/backup/run');
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([507, 'backup.no_space']);
    expect(readdirSync(path.join(dir, 'backups'))).toEqual([]);
    expect(await ready()).toMatchObject({ status: 'ready', checks: { jobs: 'down', database: 'up' } });
  });

  it('makes the command fail, too, with its reason and without a file', async () => {
    const command = limited('modules/backup/backup.main.js', [], env());
    let text = '';
    for (const stream of [command.stdout!, command.stderr!])
      stream.on('data', (part) => (text += String(part)));
    const [code] = await once(command, 'close');
    expect([code, text]).toEqual([1, 'There is no room for the backup\n']);
    expect(readdirSync(path.join(dir, 'backups'))).toEqual([]);
  });

  it('holds up no request, and has the roots that did not fit written when there is room', async () => {
    const kept = `${JSON.stringify({ type: 'filler', text: 'x'.repeat(BLOCKS * 1024 - 400) })}\n`;
    await api('PATCH', '/api/settings/audit_root_seconds', { value: 1 });
    while (!existsSync(rootsFile())) await new Promise((resolve) => setTimeout(resolve, 100));
    const before = readFileSync(rootsFile(), 'utf8');
    // In front, where no reader of the end looks: the file is nearly as large as it may be.
    writeFileSync(rootsFile(), kept + before);
    const isDown = async (): Promise<boolean> => (await ready()).checks.audit_roots === 'down';
    for (let n = 0; n < 200 && !(await isDown()); n++) {
      expect((await api('PATCH', '/api/settings/slow_query_ms', { value: 1000 + n })).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await ready()).toMatchObject({ status: 'ready', checks: { audit_roots: 'down' } });
    const full = readFileSync(rootsFile(), 'utf8').slice(kept.length);
    writeFileSync(rootsFile(), full);
    for (let n = 0; n < 200 && (await isDown()); n++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await ready()).toMatchObject({ checks: { audit_roots: 'up' } });
    const numbers = readFileSync(rootsFile(), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).root.number as number);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(numbers.length).toBeGreaterThan(1);
  });
});
