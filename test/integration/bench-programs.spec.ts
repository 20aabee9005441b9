import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startProgram } from '../../bench/processes';
import { SmallProject } from './small-project';

describe('the programs of a benchmark', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'sluice-bench-programs-'));
  const file = path.join(dir, 'tells.cjs');
  const before = process.env.BENCH_NODE_OPTIONS;

  beforeAll(() => {
    writeFileSync(file, 'console.log(JSON.stringify(process.execArgv)); process.stdin.resume();');
  });
  afterEach(() => {
    if (before === undefined) delete process.env.BENCH_NODE_OPTIONS;
    else process.env.BENCH_NODE_OPTIONS = before;
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each([
    ['', []],
    ['  --no-deprecation   --title=bench ', ['--no-deprecation', '--title=bench']],
  ])('start with the words of BENCH_NODE_OPTIONS=%j', async (given, words) => {
    process.env.BENCH_NODE_OPTIONS = given;
    const program = await startProgram(file, {}, (line) => line);
    await program.stop();
    expect(JSON.parse(program.url)).toEqual(['--max-semi-space-size=64', ...words]);
  });

  it('are installed once, in a folder of their own', () => {
    const project = new SmallProject();
    try {
      const described = { name: 'others', version: '1.0.0', dependencies: { other: 'file:other' } };
      const lock = {
        ...{ name: 'others', version: '1.0.0', lockfileVersion: 3, requires: true },
        packages: {
          '': described,
          'node_modules/other': { resolved: 'other', link: true },
          other: { name: 'other', version: '1.0.0' },
        },
      };
      project.write('bench/others/package.json', JSON.stringify(described));
      project.write('bench/others/package-lock.json', JSON.stringify(lock));
      project.write('bench/others/other/package.json', '{"name":"other","version":"1.0.0"}');
      const install = `import('./scripts/bootstrap.mjs').then((m) => m.ensureOthersInstalled())`;
      const first = project.run('-e', [install]);
      expect([first.stdout, first.status]).toEqual([expect.stringContaining('Installing the other'), 0]);
      expect(project.read('bench/others/node_modules/other/package.json')).toContain('other');
      expect(project.run('-e', [install]).stdout).toBe('');
    } finally {
      project.remove();
    }
  });
});
