import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process id together with when it started, because ids are used again (soon, in a restarted container). */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; only compared. Empty where the system does not tell (Windows): then the id alone decides. */
  readonly started: string;
}

/** The identity of the running process with that id, or undefined when there is none. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  return isRunning(pid) ? { pid, started: startOf(pid) } : undefined;
}

/** Whether exactly this process still runs, and not another one under the same id. */
export function isSameProcess(known: ProcessIdentity): boolean {
  const now = identifyProcess(known.pid);
  return now !== undefined && (now.started === '' || now.started === known.started);
}

/** The command line of a running process, or an empty string. */
export function commandLineOf(pid: number): string {
  if (process.platform === 'linux') return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
  return process.platform === 'win32' ? '' : ps(pid, 'command=');
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, under another user (kill(2))
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // a zombie has ended, only its parent has not asked yet: field 3 of proc_pid_stat(5)
  return process.platform !== 'linux' || !['Z', 'X'].includes(statOf(pid)[0] ?? 'X');
}

function startOf(pid: number): string {
  if (process.platform === 'linux') return statOf(pid)[19] ?? '';
  return process.platform === 'win32' ? '' : ps(pid, 'lstart=');
}

/** The fields of /proc/<pid>/stat after the command, which is in brackets and may hold anything. */
function statOf(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function ps(pid: number, field: string): string {
  try {
    return execFileSync('ps', ['-o', field, '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return '';
  }
}
