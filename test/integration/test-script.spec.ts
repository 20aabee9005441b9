import { SmallProject } from './small-project';

let project: SmallProject;

beforeEach(() => {
  project = new SmallProject();
});

afterEach(() => project.remove());

/** What jest leaves behind, with its exit code; it also notes what it was called with. */
function jestEnds(code: number, result?: Readonly<Record<string, number>>): void {
  project.write(
    'runner/bin/jest.js',
    `const fs = require('node:fs');
    fs.writeFileSync('arguments.json', JSON.stringify(process.argv.slice(2)));
    const file = process.argv.find((arg) => arg.startsWith('--outputFile=')).slice(13);
    const result = ${JSON.stringify(result ?? null)};
    if (result) fs.writeFileSync(file, JSON.stringify(result));
    process.exit(${code});`,
  );
}

function counts(passed: number, failed: number, unloadable: number, pending: number, todo: number) {
  return {
    numPassedTests: passed,
    numFailedTests: failed,
    numRuntimeErrorTestSuites: unloadable,
    numPendingTests: pending,
    numTodoTests: todo,
  };
}

function test(args: string[] = [], skipped = '') {
  const { stdout, status } = project.run('scripts/test.mjs', args, { SKIP_ENGINES: skipped });
  const lines = stdout.trimEnd().split('\n');
  return { status, last: lines.at(-1), before: lines.at(-2) };
}

describe('npm test', () => {
  it('ends with the counts', () => {
    jestEnds(0, counts(12, 0, 0, 3, 1));
    expect(test()).toMatchObject({ status: 0, last: '12 passed, 0 failed, 4 skipped' });
  });

  it('names the engines that were left out', () => {
    jestEnds(0, counts(1, 0, 0, 2, 0));
    expect(test([], 'mariadb,mongodb')).toMatchObject({
      status: 0,
      before: 'Without mariadb, mongodb: SKIP_ENGINES says so.',
    });
  });

  it('fails when a test fails or a suite cannot be loaded', () => {
    jestEnds(1, counts(5, 2, 1, 0, 0));
    expect(test()).toMatchObject({ status: 1, last: '5 passed, 3 failed, 0 skipped' });
  });

  it('fails when no test has run, whatever jest says', () => {
    jestEnds(0, counts(0, 0, 0, 4, 0));
    expect(test()).toMatchObject({
      status: 1,
      before: 'No test has run.',
      last: '0 passed, 0 failed, 4 skipped',
    });
    jestEnds(1);
    expect(test()).toMatchObject({ status: 1, last: '0 passed, 0 failed, 0 skipped' });
  });

  it('runs the quick projects, the nightly one when asked, and passes the rest on', () => {
    jestEnds(0, counts(1, 0, 0, 0, 0));
    test();
    expect(JSON.parse(project.read('arguments.json'))).toEqual(
      expect.arrayContaining(['--selectProjects', 'unit', 'servers', '--maxWorkers=2']),
    );
    test(['--nightly', '-t', 'a name']);
    const given = JSON.parse(project.read('arguments.json')) as string[];
    expect(given.slice(0, 4)).toEqual(['--selectProjects', 'unit', 'servers', 'nightly']);
    expect(given.slice(-2)).toEqual(['-t', 'a name']);
  });
});
