// npm test: installs and builds what is missing, runs jest (which starts the servers) and counts.
// --nightly adds the long tests; everything else goes to jest.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, requireNode, root } from './bootstrap.mjs';

requireNode();
ensureInstalled();
ensureBuilt();

const given = process.argv.slice(2);
const projects = ['unit', 'servers', ...(given.includes('--nightly') ? ['nightly'] : [])];
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-jest-'));
const outputFile = path.join(folder, 'result.json');

const code = await runJest();
const { passed, failed, skipped } = count();
rmSync(folder, { recursive: true, force: true });

const leftOut = (process.env['SKIP_ENGINES'] ?? '').split(',').filter((name) => name.trim() !== '');
if (leftOut.length > 0) console.log(`Without ${leftOut.join(', ')}: SKIP_ENGINES says so.`);
if (passed + failed === 0) console.log('No test has run.');
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = code !== 0 ? code : failed > 0 || passed === 0 ? 1 : 0;

function runJest() {
  const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = ['--selectProjects', ...projects, '--maxWorkers=2', '--json', `--outputFile=${outputFile}`];
  const child = spawn(process.execPath, [jest, ...args, ...given.filter((arg) => arg !== '--nightly')], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  // the terminal sends Ctrl-C to jest as well; a signal sent to us alone is passed on
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => resolve(exitCode ?? 128 + constants.signals[signal]));
  });
}

/** A suite that cannot even be loaded counts as one failure. */
function count() {
  try {
    const result = JSON.parse(readFileSync(outputFile, 'utf8'));
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
      skipped: result.numPendingTests + result.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
