import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropRoot, type RunAs } from './drop-root';
import { findFreePort } from './find-free-port';
import { locatePostgres } from './locate-postgres';
import { ownDirectory } from './own-directory';
import { commandLineOf, isRunning } from './process-identity';
import { supervise, type Supervised } from './supervise';

export interface EmbeddedPostgresOptions {
  /** The data directory; made at the first start, kept afterwards. */
  readonly dir: string;
  /** Of 127.0.0.1; a free one when not given. */
  readonly port?: number;
  /** The superuser made at the first start. */
  readonly user?: string;
  /** Its password, set at the first start only. */
  readonly password: string;
  /** Server settings (`postgres -c name=value`), over the ones of the launcher. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Makes a throw-away server, written without waiting for the disk: removed when it has ended, `dir` or a parent. */
  readonly removeAfterwards?: string;
}

export interface EmbeddedPostgres {
  /** `postgresql://user:password@127.0.0.1:port/postgres` */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Of the postmaster. */
  readonly pid: number;
  /** Fast shutdown: ends sessions, rolls back, leaves a clean directory. May be called again. */
  stop(): Promise<void>;
}

const host = '127.0.0.1';
const majorVersion = '18';
const startTimeoutMs = 60_000;
const stopTimeoutMs = 60_000;

/**
 * Starts the PostgreSQL server of the platform package on loopback. It ends with this process, even with a killed one.
 *
 * One living owner per directory: when another service runs on it, this throws and touches nothing, because stopping
 * that server would cut the runs of a service that works. A server whose owner is gone (both the owner and the
 * supervisor killed) serves nobody and holds the directory, so it is stopped and started again under this process.
 *
 * @throws Error with a sentence for the operator: no platform package, directory in use or not ours, port taken.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const bin = locatePostgres();
  const dir = resolveDirectory(options.dir);
  const owned = ownDirectory(dir);
  try {
    const runAs = dropRoot();
    if (runAs.ids) letPass(path.dirname(dir));
    if (isEmptyOrMissing(dir)) initialise(bin, dir, runAs, options);
    requireOurDirectory(dir);
    await stopOrphan(bin, dir);
    takeOwnership(dir, runAs);
    return await start(bin, dir, runAs, options, () => owned.release());
  } catch (error) {
    owned.release();
    throw error;
  }
}

/** Two paths to one directory are one directory. */
function resolveDirectory(dir: string): string {
  const absolute = path.resolve(dir);
  mkdirSync(path.dirname(absolute), { recursive: true, mode: 0o700 });
  return existsSync(absolute)
    ? realpathSync(absolute)
    : path.join(realpathSync(path.dirname(absolute)), path.basename(absolute));
}

function isEmptyOrMissing(dir: string): boolean {
  return !existsSync(dir) || readdirSync(dir).length === 0;
}

/** Into a directory beside, moved into place when complete: an initdb that was cut off leaves nothing to trip over. */
function initialise(bin: string, dir: string, runAs: RunAs, options: EmbeddedPostgresOptions): void {
  const draft = `${dir}.new`;
  const passwordFile = `${dir}.pw`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (runAs.ids) {
    for (const file of [draft, passwordFile]) chownSync(file, runAs.ids.uid, runAs.ids.gid);
  }
  const command = [
    ...runAs.prefix,
    path.join(bin, 'initdb'),
    ...['--pgdata', draft, '--username', options.user ?? 'sluice', '--pwfile', passwordFile],
    ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-instructions'],
    ...(options.removeAfterwards ? ['--no-sync'] : []),
  ];
  const result = spawnSync(command[0] as string, command.slice(1), {
    ...runAs.ids,
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  rmSync(passwordFile, { force: true });
  if (result.status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(
      `The embedded database cannot be created in ${dir}: ${explain(result.stderr || result.error?.message, runAs)}`,
      { cause: result.error },
    );
  }
  rmSync(dir, { recursive: true, force: true });
  renameSync(draft, dir);
}

function requireOurDirectory(dir: string): void {
  const versionFile = path.join(dir, 'PG_VERSION');
  if (!existsSync(versionFile)) {
    throw new Error(`${dir} holds something that is not a PostgreSQL database: name another DATA_DIR.`);
  }
  const version = readFileSync(versionFile, 'utf8').trim();
  if (version !== majorVersion) {
    throw new Error(
      `${dir} was made by PostgreSQL ${version}, this is ${majorVersion}: ` +
        'move the data with pg_dump of the old version, or name another DATA_DIR.',
    );
  }
}

/**
 * The directory is ours, so a postmaster that runs on it is an orphan. A pid file without its postmaster goes away too:
 * PostgreSQL believes it when a process of the same user happens to have that id now, the usual case in a restarted
 * container, and would refuse to start.
 */
async function stopOrphan(bin: string, dir: string): Promise<void> {
  const pid = Number(pidFileOf(dir)[0] ?? 0);
  if (!(pid > 0)) return;
  if (process.platform === 'win32') {
    spawnSync(path.join(bin, 'pg_ctl'), ['stop', '-D', dir, '-m', 'fast', '-w'], { stdio: 'ignore' });
  } else if (isPostmaster(pid, dir)) {
    signalQuietly(pid, 'SIGINT');
    const deadline = Date.now() + stopTimeoutMs;
    while (isRunning(pid)) {
      if (Date.now() > deadline) {
        throw new Error(`The orphaned PostgreSQL ${pid} on ${dir} does not stop: end it by hand.`);
      }
      await sleep(20);
    }
  }
  rmSync(path.join(dir, 'postmaster.pid'), { force: true });
}

/** A postmaster works in its data directory, which Linux tells even after a rename; elsewhere its command line has to do. */
function isPostmaster(pid: number, dir: string): boolean {
  if (!isRunning(pid) || !commandLineOf(pid).includes('postgres')) return false;
  if (process.platform !== 'linux') return commandLineOf(pid).includes(dir);
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === dir;
  } catch {
    return false;
  }
}

async function start(
  bin: string,
  dir: string,
  runAs: RunAs,
  options: EmbeddedPostgresOptions,
  release: () => void,
): Promise<EmbeddedPostgres> {
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await findFreePort(host));
    const server = launch(bin, dir, runAs, port, options);
    try {
      const pid = await ready(server, dir, runAs);
      return handle(server, dir, { pid, port, options, release });
    } catch (error) {
      await server.stop();
      // the port may have been taken between the look and the start
      if (options.port !== undefined || attempt === 3) throw error;
    }
  }
}

function launch(
  bin: string,
  dir: string,
  runAs: RunAs,
  port: number,
  options: EmbeddedPostgresOptions,
): Supervised {
  const settings = {
    listen_addresses: host,
    port,
    unix_socket_directories: '',
    // what goes into the log must not be values of the system database
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    ...(options.removeAfterwards ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
    ...options.settings,
  };
  const command = [
    ...runAs.prefix,
    path.join(bin, 'postgres'),
    ...['-D', dir],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  return supervise(command, {
    stopSignal: 'SIGINT', // "fast": SIGTERM would wait for every open session (PostgreSQL manual, 18.5)
    logFile: `${dir}.log`,
    ...runAs.ids,
    removeAfterwards: options.removeAfterwards,
    windowsStop: [path.join(bin, 'pg_ctl'), 'stop', '-D', dir, '-m', 'fast', '-w'],
  });
}

/** The postmaster writes "ready" on line 8 of its pid file (src/include/utils/pidfile.h). */
async function ready(server: Supervised, dir: string, runAs: RunAs): Promise<number> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const lines = pidFileOf(dir);
    if (lines[7]?.trim() === 'ready') return Number(lines[0]);
    if (server.hasExited() || Date.now() > deadline) {
      throw new Error(`The embedded database does not start: ${explain(server.logTail(), runAs)}`);
    }
    await sleep(10);
  }
}

function handle(
  server: Supervised,
  dir: string,
  started: { pid: number; port: number; options: EmbeddedPostgresOptions; release: () => void },
): EmbeddedPostgres {
  const { pid, port, options, release } = started;
  const url = new URL(`postgresql://${host}:${port}/postgres`);
  url.username = encodeURIComponent(options.user ?? 'sluice');
  url.password = encodeURIComponent(options.password);
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await server.stop();
    release();
  };
  return { url: url.href, host, port, pid, stop: () => (stopping ??= stop()) };
}

function pidFileOf(dir: string): string[] {
  try {
    return readFileSync(path.join(dir, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** Nobody has to pass through the directory of the service on the way to the data, but need not list or read it. */
function letPass(parent: string): void {
  const { mode, uid } = statSync(parent);
  if (uid === process.getuid?.()) chmodSync(parent, (mode & 0o7777) | 0o011);
}

/** PostgreSQL wants to own its directory, which another user owned when the service was started in another way before. */
function takeOwnership(dir: string, runAs: RunAs): void {
  const uid = runAs.ids?.uid ?? process.getuid?.();
  const gid = runAs.ids?.gid ?? process.getgid?.();
  if (process.getuid?.() !== 0 || uid === undefined || gid === undefined || statSync(dir).uid === uid) return;
  for (const entry of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    lchownSync(path.join(dir, entry), uid, gid);
  }
  lchownSync(dir, uid, gid);
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ended in between
  }
}

function explain(output: string | undefined, runAs: RunAs): string {
  const reason = output?.trim() || 'it said nothing';
  return runAs.ids
    ? `${reason}\nPostgreSQL refuses to run as root, and user namespaces are not allowed here, so it runs as nobody, who must be ` +
        'able to reach the checkout and DATA_DIR: run the service as an ordinary user, or set DATABASE_URL.'
    : reason;
}
