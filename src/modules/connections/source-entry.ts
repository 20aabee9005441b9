import type { Source } from '../../drivers/driver';
import type { ConnectionRecord } from './connection-record';

/** One pool on one revision of a connection, from the moment somebody asked for it. */
export interface SourceEntry {
  readonly record: ConnectionRecord;
  readonly opening: Promise<Source>;
  source: Source | null;
  /** Runs that use it now; it is closed only while there are none. */
  leases: number;
  /** On the clock of `performance.now()`, which nobody sets back. */
  lastUsedAt: number;
  /** Called when the last of them ends. */
  onFree: (() => void) | null;
}

/** A use of a Source. Release it exactly once, whatever happened. */
export interface SourceLease {
  readonly source: Source;
  /** Tells what came of it, so that a database that is gone is noticed. */
  report(error: unknown): void;
  release(): void;
}

/** Whether nobody uses the entry any more within the time. */
export async function isFreeWithin(entry: SourceEntry, ms: number): Promise<boolean> {
  if (entry.leases === 0) return true;
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    entry.onFree = () => {
      clearTimeout(timer);
      resolve(true);
    };
  });
}

/** The open entries that may be closed to make room, least recently used first. */
export function closableEntries(entries: Iterable<SourceEntry>): SourceEntry[] {
  return [...entries]
    .filter((entry) => entry.leases === 0 && entry.source !== null)
    .toSorted((a, b) => a.lastUsedAt - b.lastUsedAt);
}
