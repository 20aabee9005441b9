import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// A project as small as possible around the real scripts: the compiler it depends on copies instead of compiling.
const compiler = `const fs = require('node:fs');
fs.rmSync('dist', { recursive: true, force: true });
fs.mkdirSync('dist');
fs.copyFileSync('src/main.ts', 'dist/main.js');
fs.appendFileSync('builds', '.');`;
const service = `console.log(JSON.stringify({ main: require.main === module, cwd: process.cwd() }));
process.once('SIGTERM', () => { console.log('drained'); process.exit(7); });
setInterval(() => undefined, 1000);`;

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'sluice-start-'));
  cpSync(path.join(__dirname, '..', '..', 'scripts'), path.join(root, 'scripts'), { recursive: true });
  write('compiler/package.json', '{"name":"@nestjs/cli","version":"1.0.0"}');
  write('compiler/bin/nest.js', compiler);
  write('package.json', '{"name":"small","version":"1.0.0","dependencies":{"@nestjs/cli":"file:compiler"}}');
  write('src/main.ts', 'process.exit(3);');
  const made = spawnSync('npm', ['install', '--package-lock-only', '--offline', '--no-audit'], { cwd: root });
  if (made.status !== 0) throw new Error(made.stderr.toString());
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), text);
}

function start() {
  return spawnSync(process.execPath, ['scripts/start.mjs'], { cwd: root, encoding: 'utf8' });
}

function builds(): number {
  return readFileSync(path.join(root, 'builds'), 'utf8').length;
}

describe('npm start', () => {
  it('installs and builds once, and passes the exit code of the service on', () => {
    const first = start();
    expect(first.stdout).toMatch(/Installing packages …[^]*Building …/);
    expect(first.status).toBe(3);
    const second = start();
    expect(second.stdout).toBe('');
    expect(second.status).toBe(3);
    expect(builds()).toBe(1);
  });

  it('builds again when a source has changed or dist is gone, but not for a test', () => {
    start();
    write('src/main.ts', 'process.exit(4);');
    expect(start().status).toBe(4);
    expect(builds()).toBe(2);
    write('src/main.spec.ts', 'a test');
    start();
    expect(builds()).toBe(2);
    rmSync(path.join(root, 'dist'), { recursive: true });
    start();
    expect(builds()).toBe(3);
  });

  it('installs again when the lock has changed, and not over an npm ci by hand', () => {
    expect(spawnSync('npm', ['ci', '--offline'], { cwd: root }).status).toBe(0);
    expect(start().stdout).not.toContain('Installing');
    const lock = readFileSync(path.join(root, 'package-lock.json'), 'utf8');
    write('package-lock.json', `${lock}\n`);
    expect(start().stdout).toContain('Installing');
  });

  it('does not keep a build that failed', () => {
    start();
    write('compiler/bin/nest.js', 'process.exit(1)');
    write('src/main.ts', 'process.exit(5);');
    const failed = start();
    expect(failed.stderr).toContain('failed with code 1');
    expect(failed.status).toBe(1);
    write('compiler/bin/nest.js', compiler);
    expect(start().status).toBe(5);
  });

  it('goes on over the lock of a preparation that was killed', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    write('.cache/bootstrap.lock', String(pid));
    expect(start().status).toBe(3);
  });

  it('lets the service be the process, so that it drains on a signal and is the main module', async () => {
    write('src/main.ts', service);
    const child = spawn(process.execPath, ['scripts/start.mjs'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const output = await new Promise<string>((resolve) => {
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('"main"') && text.endsWith('}\n')) child.kill('SIGTERM');
      });
      child.once('close', (code) => resolve(`${text}${code}`));
    });
    expect(output).toContain(`${JSON.stringify({ main: true, cwd: realpathSync(root) })}\ndrained\n7`);
  });

  it('refuses a Node that is too old', () => {
    const program = `import('./scripts/bootstrap.mjs').then((m) => m.requireNode('20.18.3'))`;
    const result = spawnSync(process.execPath, ['-e', program], { cwd: root, encoding: 'utf8' });
    expect(result.stderr).toContain('needs Node 20.19 or newer, this is 20.18.3');
    expect(result.status).toBe(1);
  });
});
