import { spawn, spawnSync } from 'node:child_process';
import { realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { compiler, SmallProject } from './small-project';

const service = `process.once('SIGTERM', () => { console.log('drained'); process.exit(7); });
setInterval(() => undefined, 1000);
console.log(JSON.stringify({ main: require.main === module, cwd: process.cwd() }));`;

let project: SmallProject;

beforeEach(() => {
  project = new SmallProject();
});

afterEach(() => project.remove());

const start = () => project.run('scripts/start.mjs');
const builds = () => project.read('builds').length;

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
    project.write('src/main.ts', 'process.exit(4);');
    expect(start().status).toBe(4);
    expect(builds()).toBe(2);
    project.write('src/main.spec.ts', 'a test');
    start();
    expect(builds()).toBe(2);
    rmSync(path.join(project.root, 'dist'), { recursive: true });
    start();
    expect(builds()).toBe(3);
  });

  it('installs again when the lock has changed, and not over an npm ci by hand', () => {
    expect(spawnSync('npm', ['ci', '--offline'], { cwd: project.root }).status).toBe(0);
    expect(start().stdout).not.toContain('Installing');
    const lock = project.read('package-lock.json');
    project.write('package-lock.json', `${lock}\n`);
    expect(start().stdout).toContain('Installing');
  });

  it('does not keep a build that failed', () => {
    start();
    project.write('compiler/bin/nest.js', 'process.exit(1)');
    project.write('src/main.ts', 'process.exit(5);');
    const failed = start();
    expect(failed.stderr).toContain('failed with code 1');
    expect(failed.status).toBe(1);
    project.write('compiler/bin/nest.js', compiler);
    expect(start().status).toBe(5);
  });

  it('goes on over the lock of a preparation that was killed', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    project.write('.cache/bootstrap.lock', String(pid));
    expect(start().status).toBe(3);
  });

  it('lets the service be the process, so that it drains on a signal and is the main module', async () => {
    project.write('src/main.ts', service);
    const child = spawn(process.execPath, ['scripts/start.mjs'], {
      cwd: project.root,
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
    expect(output).toContain(
      `${JSON.stringify({ main: true, cwd: realpathSync(project.root) })}\ndrained\n7`,
    );
  });

  it('drains when npm gets the signal, whose shell does not pass it on', async () => {
    project.write('src/main.ts', service);
    const npm = spawn('npm', ['start'], { cwd: project.root, stdio: ['ignore', 'pipe', 'inherit'] });
    const output = await new Promise<string>((resolve) => {
      let text = '';
      npm.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('"main"') && text.endsWith('}\n')) npm.kill('SIGTERM');
      });
      // the pipe closes when the last process that holds it has ended
      npm.stdout.once('close', () => resolve(text));
    });
    expect(output).toMatch(/\ndrained\n$/);
  });

  it('refuses a Node that is too old', () => {
    const program = `import('./scripts/bootstrap.mjs').then((m) => m.requireNode('20.18.3'))`;
    const result = project.run('-e', [program]);
    expect(result.stderr).toContain('needs Node 20.19 or newer, this is 20.18.3');
    expect(result.status).toBe(1);
  });
});
