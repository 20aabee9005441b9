import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres';
import { isRunning } from './process-identity';

const password = 'p@ss/word: 1%';
let root: string;
let dir: string;
const running: EmbeddedPostgres[] = [];

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'sluice-pg-'));
  dir = path.join(root, 'data');
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
  rmSync(root, { recursive: true, force: true });
});

async function start(port?: number): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dir, password, port, settings: { max_connections: 23 } });
  running.push(server);
  return server;
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it does not come about');
    await sleep(20);
  }
}

/** A service of its own that starts the same server and says its process id. */
function startElsewhere(): Promise<{ child: ReturnType<typeof spawn>; postmaster: number; url: string }> {
  const program = `require('tsx/cjs'); require(${JSON.stringify(path.join(__dirname, 'embedded-postgres.ts'))})
    .startEmbeddedPostgres(${JSON.stringify({ dir, password })})
    .then((pg) => { console.log(JSON.stringify({ postmaster: pg.pid, url: pg.url })); setInterval(() => 0, 1000); });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.stdout.once('data', (line: Buffer) =>
      resolve({ child, ...(JSON.parse(line.toString()) as { postmaster: number; url: string }) }),
    );
  });
}

/** Process id to parent id, of all that run; `ps` is missing from slim images. */
function parentsOfAll(): Map<number, number> {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
    const lines = stdout.trim().split('\n');
    return new Map(lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]));
  }
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(
    pids.flatMap((pid): [number, number][] => {
      const file = `/proc/${pid}/stat`;
      const stat = existsSync(file) ? readFileSync(file, 'utf8') : '';
      return [[Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])]];
    }),
  );
}

describe('startEmbeddedPostgres', () => {
  it('starts PostgreSQL 18 with the settings, keeps the rows over a restart and stops with a session open', async () => {
    const first = await start();
    expect(await ask(first.url, 'show server_version')).toEqual([expect.stringMatching(/^18\./)]);
    expect(await ask(first.url, 'show max_connections')).toEqual(['23']);
    await ask(first.url, 'create table kept as select 42 as answer');
    const idle = new Client({ connectionString: first.url });
    idle.on('error', () => undefined);
    await idle.connect();
    await first.stop();
    expect(isRunning(first.pid)).toBe(false);
    expect(existsSync(path.join(dir, 'postmaster.pid'))).toBe(false);
    const second = await start();
    expect(await ask(second.url, 'select answer from kept')).toEqual([42]);
  });

  it('wants the password over TCP and opens no socket in the file system', async () => {
    const server = await start();
    const url = new URL(server.url);
    url.password = 'wrong';
    await expect(ask(url.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    expect(await ask(server.url, 'show unix_socket_directories')).toEqual(['']);
  });

  it('refuses a directory that a living service uses, and leaves that server alone', async () => {
    const server = await start();
    await expect(startEmbeddedPostgres({ dir, password })).rejects.toThrow(`in use by the running process`);
    expect(await ask(server.url, 'select 1')).toEqual([1]);
  });

  it('leaves no server behind when its process is killed, and starts again', async () => {
    const other = await startElsewhere();
    await expect(startEmbeddedPostgres({ dir, password })).rejects.toThrow(`process ${other.child.pid}`);
    other.child.kill('SIGKILL');
    await until(() => !isRunning(other.postmaster));
    expect(await ask((await start()).url, 'select 1')).toEqual([1]);
  });

  it('takes over a server whose owner and supervisor were both killed', async () => {
    const other = await startElsewhere();
    const parents = parentsOfAll();
    const supervisor = parents.get(other.postmaster) as number;
    const watchers = [...parents].filter(
      ([pid, parent]) => parent === supervisor && pid !== other.postmaster,
    );
    // The watcher first: its owner hears of the end of the supervisor, and lets go of the pipe that the watcher reads.
    for (const pid of [...watchers.map(([watcher]) => watcher), supervisor]) process.kill(pid, 'SIGKILL');
    other.child.kill('SIGKILL');
    await until(() => !isRunning(other.child.pid as number));
    expect(isRunning(other.postmaster)).toBe(true);
    const server = await start();
    expect(server.pid).not.toBe(other.postmaster);
    expect(isRunning(other.postmaster)).toBe(false);
    expect(await ask(server.url, 'select 1')).toEqual([1]);
  });

  it('recovers when the server itself was killed and its process id belongs to somebody else now', async () => {
    const first = await start();
    await ask(first.url, 'create table kept as select 1 as one');
    process.kill(first.pid, 'SIGKILL');
    await first.stop();
    const pidFile = path.join(dir, 'postmaster.pid');
    writeFileSync(pidFile, readFileSync(pidFile, 'utf8').replace(/^\d+/, String(process.pid)));
    expect(await ask((await start()).url, 'select one from kept')).toEqual([1]);
  });

  it('says that a port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    await expect(start((taken.address() as AddressInfo).port)).rejects.toThrow(/does not start.*in use/s);
    taken.close();
  });

  it('refuses a directory that holds something else, or another version', async () => {
    writeFileSync(path.join(root, 'precious'), 'x');
    await expect(startEmbeddedPostgres({ dir: root, password })).rejects.toThrow('not a PostgreSQL database');
    writeFileSync(path.join(root, 'PG_VERSION'), '15\n');
    await expect(startEmbeddedPostgres({ dir: root, password })).rejects.toThrow('made by PostgreSQL 15');
    expect(readFileSync(path.join(root, 'precious'), 'utf8')).toBe('x');
  });
});
