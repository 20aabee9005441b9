import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { identifyProcess, isSameProcess, type ProcessIdentity } from './process-identity';

/**
 * Makes this process the one owner of a data directory until `release` is called or the process ends, however it
 * ends: the mark beside the directory names the owner by id and start time, so one left by a crash is recognised.
 * Holds among processes of one machine (or container), not across machines that share a file system.
 *
 * @throws Error when a living process (this one included) owns the directory.
 */
export function ownDirectory(dir: string): { release(): void } {
  const mark = `${dir}.owner`;
  mkdirSync(path.dirname(mark), { recursive: true, mode: 0o700 });
  const own = JSON.stringify(identifyProcess(process.pid));
  while (!create(mark, own)) {
    const text = readText(mark);
    const owner = parseOwner(text);
    if (owner && isSameProcess(owner)) {
      throw new Error(
        `${dir} is in use by the running process ${owner.pid}: stop it first, or use another DATA_DIR.`,
      );
    }
    removeStale(mark, text);
  }
  return {
    release: () => {
      if (readText(mark) === own) rmSync(mark, { force: true });
    },
  };
}

/** Written elsewhere and linked into place, so that nobody ever reads half a mark. */
function create(mark: string, text: string): boolean {
  const draft = `${mark}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, mark);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Two processes may find the same stale mark: the one that comes second must put back the fresh mark it moved. */
function removeStale(mark: string, staleText: string): void {
  const aside = `${mark}.${process.pid}.stale`;
  try {
    renameSync(mark, aside);
    if (readText(aside) !== staleText) linkSync(aside, mark);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function parseOwner(text: string): ProcessIdentity | undefined {
  try {
    const value = JSON.parse(text) as Partial<ProcessIdentity> | null;
    return typeof value?.pid === 'number' && typeof value.started === 'string'
      ? { pid: value.pid, started: value.started }
      : undefined;
  } catch {
    return undefined;
  }
}
