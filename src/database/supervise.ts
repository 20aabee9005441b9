import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';

export interface SuperviseOptions {
  /** What asks the server to end quickly and cleanly. */
  readonly stopSignal: 'SIGINT' | 'SIGTERM';
  /** Receives what the server writes; begun anew at each start. A file, so that a busy event loop never blocks it. */
  readonly logFile: string;
  /** The environment of the server: by default nothing of ours but PATH, because ours holds secrets. */
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** The folder of a throw-away server: removed when the server has ended cleanly, kept to be looked at otherwise. */
  readonly removeAfterwards?: string | undefined;
  /** Windows has neither the signals nor the shell: there this command stops the server, which outlives a killed owner. */
  readonly windowsStop?: readonly string[];
}

export interface Supervised {
  readonly exited: Promise<void>;
  hasExited(): boolean;
  /** The end of what the server has written. */
  logTail(): string;
  stop(): Promise<void>;
}

/**
 * The shell waits for the server and reads from descriptor 3, a pipe whose other end only this process holds. The
 * kernel closes it when this process ends in any way, SIGKILL included: the shell sees the end of the file and stops
 * the server. (The parent-death signal of Linux does not serve: it is tied to the thread that forked.)
 */
const script = `
"$@" 3<&- </dev/null & server=$!
trap 'kill -$STOP_SIGNAL $server' INT TERM HUP
{ read -r line <&3; kill -$STOP_SIGNAL $server; } 2>/dev/null & watcher=$!
while kill -0 $server 2>/dev/null; do wait $server; status=$?; done
kill $watcher 2>/dev/null
[ "$status" != 0 ] || [ -z "$REMOVE" ] || rm -rf "$REMOVE"
exit $status`;

/**
 * Starts a server that ends when this process does. In a session of its own, so that Ctrl-C reaches only us and we
 * drain before it stops.
 */
export function supervise(command: readonly string[], options: SuperviseOptions): Supervised {
  const log = openSync(options.logFile, 'w', 0o600);
  const child = launch(command, log, options);
  closeSync(log);
  const lifeline = child.stdio[3] as Writable | null;
  let ended = false;
  const exited = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      ended = true;
      lifeline?.destroy();
      resolve();
    });
  });
  exited.catch(() => (ended = true));
  lifeline?.on('error', () => undefined);
  // neither the child nor the pipe keeps the event loop alive: the server serves us, not the other way round
  child.unref();
  (lifeline as unknown as { unref?(): void } | null)?.unref?.();
  return {
    exited,
    hasExited: () => ended,
    logTail: () => tailOf(options.logFile),
    stop: () => {
      child.ref();
      lifeline?.destroy();
      if (process.platform === 'win32' && options.windowsStop && !ended) {
        spawn(options.windowsStop[0] as string, options.windowsStop.slice(1), { stdio: 'ignore' });
      }
      return exited;
    },
  };
}

function launch(command: readonly string[], log: number, options: SuperviseOptions): ChildProcess {
  const env = options.env ?? { PATH: process.env['PATH'] };
  if (process.platform === 'win32') {
    return spawn(command[0] as string, command.slice(1), {
      env,
      detached: true,
      stdio: ['ignore', log, log],
    });
  }
  return spawn('/bin/sh', ['-c', script, 'supervisor', ...command], {
    env: { ...env, STOP_SIGNAL: options.stopSignal.slice(3), REMOVE: options.removeAfterwards ?? '' },
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid }),
  });
}

function tailOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(-4000).trim();
  } catch {
    return '';
  }
}
