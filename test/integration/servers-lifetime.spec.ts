import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeEngine, type Engine } from '../servers/servers';

const root = path.join(__dirname, '..', '..');

/** Another test run with one server, which says the URL of the server when it is up. */
function startElsewhere(engine: Engine, directory: string) {
  const others = ['postgresql', 'mariadb', 'redis', 'mongodb'].filter((name) => name !== engine);
  const program = `require('tsx/cjs'); require('./test/servers/start-servers.ts').startServers()
    .then(({ servers }) => { console.log(servers[0].url); setInterval(() => 0, 1000); });`;
  const child = spawn(process.execPath, ['-e', program], {
    cwd: root,
    env: { ...process.env, SKIP_ENGINES: others.join(','), TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise<{ child: typeof child; url: URL }>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error('the other run has ended early')));
    child.stdout.once('data', (line: Buffer) => resolve({ child, url: new URL(line.toString().trim()) }));
  });
}

function listens(url: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(url.port), url.hostname);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it is still there');
    await sleep(20);
  }
}

describe.each<Engine>(['postgresql', 'mariadb', 'redis', 'mongodb'])(
  'a test run that is killed',
  (engine) => {
    describeEngine(engine, () => {
      it('leaves neither its server nor the folder behind', async () => {
        const directory = mkdtempSync(path.join(tmpdir(), 'sluice-lifetime-'));
        const { child, url } = await startElsewhere(engine, directory);
        expect(await listens(url)).toBe(true);
        const [run] = readdirSync(directory).filter((name) => name.startsWith('sluice-'));
        const data = path.join(directory, String(run));
        expect(existsSync(data)).toBe(true);
        child.kill('SIGKILL');
        await until(async () => !(await listens(url)) && !existsSync(data));
        rmSync(directory, { recursive: true, force: true });
      });
    });
  },
);
