// What `npm start` and `npm test` need before they can begin. Node's own modules only: it runs before `npm ci`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const modules = path.join(root, 'node_modules');
const lockFile = path.join(root, 'package-lock.json');
const installStamp = path.join(modules, '.sluice-lock-hash');
const buildStamp = path.join(root, 'dist', '.sluice-source-hash');
const buildInputs = ['src', 'migrations', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];
const oldestNode = [20, 19];

/** Ends the process with one sentence when this Node is too old. */
export function requireNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  fail(`Sluice needs Node ${oldestNode.join('.')} or newer, this is ${version}: see https://nodejs.org.`);
}

/** Installs the locked packages unless exactly these are there, for this Node and this platform. */
export function ensureInstalled() {
  withLock(() => {
    const wanted = hashOf([readFileSync(lockFile), process.versions.modules, process.platform, process.arch]);
    if (readText(installStamp) === wanted) return;
    if (readText(installStamp) !== '' || !matchesLock()) {
      step('Installing packages', () =>
        npm('ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'),
      );
    }
    writeFileSync(installStamp, wanted);
  });
}

/** Compiles unless dist was made from exactly these sources: by content, because git and copies do not keep times. */
export function ensureBuilt() {
  withLock(() => {
    const wanted = hashOf([readText(installStamp), ...buildInputs.flatMap(contentsOf)]);
    if (readText(buildStamp) === wanted && existsSync(path.join(root, 'dist', 'main.js'))) return;
    step('Building', () => node(path.join(modules, '@nestjs', 'cli', 'bin', 'nest.js'), 'build'));
    mkdirSync(path.dirname(buildStamp), { recursive: true });
    writeFileSync(buildStamp, wanted);
  });
}

/** Installs what `bench/main.ts --others` compares with: in a folder of its own, and without running its scripts. */
export function ensureOthersInstalled() {
  const folder = path.join(root, 'bench', 'others');
  const stamp = path.join(folder, 'node_modules', '.sluice-lock-hash');
  withLock(() => {
    const wanted = hashOf([readFileSync(path.join(folder, 'package-lock.json'))]);
    if (readText(stamp) === wanted) return;
    step('Installing the other programs', () =>
      npm('ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'),
    );
    writeFileSync(stamp, wanted);
  });
}

/** Whether somebody ran `npm ci` by hand: npm keeps what it has installed in a lock of its own. */
function matchesLock() {
  const installedText = readText(path.join(modules, '.package-lock.json'));
  if (installedText === '') return false;
  const installed = JSON.parse(installedText).packages;
  const wanted = Object.entries(JSON.parse(readFileSync(lockFile, 'utf8')).packages);
  return wanted.every(([place, entry]) => {
    const found = installed[place];
    if (place === '' || (found === undefined && entry.optional)) return true;
    return found?.version === entry.version && found?.integrity === entry.integrity;
  });
}

function contentsOf(name) {
  const place = path.join(root, name);
  if (!existsSync(place)) return [name];
  if (statSync(place).isFile()) return [name, readFileSync(place)];
  return readdirSync(place)
    .filter((entry) => !entry.endsWith('.spec.ts'))
    .toSorted()
    .flatMap((entry) => contentsOf(path.posix.join(name, entry)));
}

function hashOf(parts) {
  const hash = createHash('sha256');
  // with the length of each part, so that moving a byte from one file to the next changes the hash
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}

function step(title, work) {
  const start = Date.now();
  console.log(`${title} …`);
  work();
  console.log(`${title}: done in ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

/** npm names its own program when it runs us; without npm around us the one on the PATH has to do. */
function npm(...args) {
  const own = process.env['npm_execpath'];
  if (own && /npm-cli\.c?js$/.test(own)) return node(own, ...args);
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, process.platform === 'win32');
}

function node(...args) {
  run(process.execPath, args, false);
}

function run(command, args, shell) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell });
  if (result.signal) process.kill(process.pid, result.signal);
  if (result.error) fail(`${command} cannot be run: ${result.error.message}`);
  if (result.status !== 0) fail(`${[command, ...args].join(' ')} failed with code ${result.status}.`);
}

/** `npm start` and `npm test` at the same time must not install or build into each other. */
function withLock(work) {
  const file = path.join(root, '.cache', 'bootstrap.lock');
  mkdirSync(path.dirname(file), { recursive: true });
  let told = false;
  while (!take(file)) {
    if (!told) console.log('Waiting for another start or test run to finish its preparation …');
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
  }
  const free = () => rmSync(file, { force: true });
  process.once('exit', free);
  try {
    work();
  } finally {
    process.off('exit', free);
    free();
  }
}

function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (!isRunning(Number(readText(file)))) {
    try {
      unlinkSync(file);
    } catch {
      // another one was faster
    }
  }
  return false;
}

function isRunning(pid) {
  // empty: being written right now
  if (pid === 0) return true;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  requireNode();
  ensureInstalled();
  if (!process.argv.includes('--install-only')) ensureBuilt();
}
