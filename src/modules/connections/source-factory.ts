import { AppError } from '../../common/app-error';
import type { PoolFigures, ServerFigures, Source } from '../../drivers/driver';
import { abortError } from '../../drivers/abort';
import { unlessAborted } from '../../drivers/unless-aborted';
import type { Circuit } from './circuit';
import { ConnectionHealth, type HealthFigures } from './connection-health';
import { serverCountOf, type ConnectionRecord } from './connection-record';
import { closableEntries, isFreeWithin, type SourceEntry, type SourceLease } from './source-entry';

export interface SourceFactoryOptions {
  /** Opens a pool on a connection; the signal ends the attempt. */
  readonly open: (record: ConnectionRecord, signal: AbortSignal) => Promise<Source>;
  readonly onHealthChange: (connectionId: string, figures: HealthFigures) => void;
  /** Sessions over all Sources; a Source counts with the most it may open. */
  readonly maxSessionsTotal: number;
  /** Milliseconds after which an unused Source is closed. */
  readonly idleMs: number;
  /** Milliseconds that runs get when their Source is retired. */
  readonly graceMs: number;
  /** Milliseconds that opening may take. */
  readonly openTimeoutMs: number;
}

/**
 * The dynamic provider factory: opens Sources when they are first asked for and keeps them as long as they are used.
 * Keyed by connection and revision, so that nobody ever runs on a configuration that was changed. However many ask
 * at once, one opens; a database that is down is left alone by its circuit; retired Sources let their runs finish.
 */
export class SourceFactory {
  private readonly entries = new Map<string, SourceEntry>();
  private readonly health = new Map<string, ConnectionHealth>();
  private readonly downRecords = new Map<string, ConnectionRecord>();
  private readonly retiring = new Set<Promise<void>>();
  private readonly sweeper: NodeJS.Timeout;
  private closed = false;

  constructor(private readonly options: SourceFactoryOptions) {
    this.sweeper = setInterval(() => this.closeIdle(), Math.max(50, options.idleMs / 4));
    this.sweeper.unref();
  }

  /**
   * A use of the Source of `record`, opened if need be.
   * @throws AppError `connection.*` when it cannot be opened now
   */
  async lease(record: ConnectionRecord, signal: AbortSignal): Promise<SourceLease> {
    if (this.closed) throw new AppError('service.shutting_down');
    if (signal.aborted) throw abortError(signal);
    const entry = this.entries.get(keyOf(record)) ?? this.start(record);
    entry.leases++;
    entry.lastUsedAt = performance.now();
    try {
      const source = entry.source ?? (await unlessAborted(entry.opening, signal));
      return this.leaseOf(entry, source);
    } catch (error) {
      this.release(entry);
      throw error;
    }
  }

  /**
   * Work with the Source of `record`, whose health learns what came of it.
   * @throws AppError `connection.*` when it cannot be opened now, and whatever `work` throws
   */
  async use<T>(
    record: ConnectionRecord,
    signal: AbortSignal,
    work: (source: Source) => Promise<T>,
  ): Promise<T> {
    const lease = await this.lease(record, signal);
    try {
      const result = await work(lease.source);
      lease.report(undefined);
      return result;
    } catch (error) {
      lease.report(error);
      throw error;
    } finally {
      lease.release();
    }
  }

  /** Ends what belongs to a connection that was changed or deleted; `keepRevision` stays. */
  retire(connectionId: string, keepRevision: number | null): void {
    for (const [key, entry] of this.entries) {
      if (entry.record.id === connectionId && entry.record.revision !== keepRevision) {
        void this.drop(key, entry);
      }
    }
    this.downRecords.delete(connectionId);
    if (keepRevision === null) this.health.delete(connectionId);
    else this.health.get(connectionId)?.circuit.succeeded();
  }

  figuresOf(connectionId: string): {
    health: HealthFigures | null;
    pool: PoolFigures | null;
    /** `null` where there is only one, or no Source is open. */
    servers: readonly ServerFigures[] | null;
  } {
    const entry = [...this.entries.values()].find(({ record }) => record.id === connectionId);
    return {
      health: this.health.get(connectionId)?.current ?? null,
      pool: entry?.source?.pool() ?? null,
      servers: entry?.source?.servers?.() ?? null,
    };
  }

  /** Every open Source with its figures. */
  opened(): {
    record: ConnectionRecord;
    pool: PoolFigures;
    servers: readonly ServerFigures[];
  }[] {
    return [...this.entries.values()].flatMap(({ record, source }) =>
      source ? [{ record, pool: source.pool(), servers: source.servers?.() ?? [] }] : [],
    );
  }

  /** The circuit of every connection that was used. */
  circuits(): { connectionId: string; state: Circuit['state'] }[] {
    return [...this.health].map(([connectionId, { circuit }]) => ({ connectionId, state: circuit.state }));
  }

  /** Connections whose database is down and may be tried again now. */
  due(): ConnectionRecord[] {
    return [...this.downRecords.values()].filter(
      ({ id }) =>
        this.health.get(id)?.current.state === 'down' && this.health.get(id)?.circuit.state !== 'open',
    );
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.sweeper);
    for (const [key, entry] of this.entries) void this.drop(key, entry);
    await Promise.all(this.retiring);
  }

  private start(record: ConnectionRecord): SourceEntry {
    const health = this.healthOf(record.id);
    health.beginRevision(record.revision);
    const waitMs = health.circuit.tryAfterMs();
    if (waitMs > 0) {
      throw new AppError(
        'connection.circuit_open',
        `The last failure was ${health.current.code ?? 'unknown'}`,
        {
          retryAfterSeconds: Math.ceil(waitMs / 1000),
        },
      );
    }
    const opening = this.open(record, this.makeRoom(record, health));
    const entry: SourceEntry = {
      record,
      opening,
      source: null,
      leases: 0,
      lastUsedAt: performance.now(),
      onFree: null,
    };
    const key = keyOf(record);
    this.entries.set(key, entry);
    void this.settle(entry, key, health);
    return entry;
  }

  private async settle(entry: SourceEntry, key: string, health: ConnectionHealth): Promise<void> {
    try {
      entry.source = await entry.opening;
      this.downRecords.delete(entry.record.id);
      health.opened();
    } catch (error) {
      // What was retired meanwhile is nobody's to come back to.
      if (this.entries.get(key) === entry) {
        this.entries.delete(key);
        this.downRecords.set(entry.record.id, entry.record);
        health.openingFailed(error);
      }
    }
  }

  private leaseOf(entry: SourceEntry, source: Source): SourceLease {
    let released = false;
    return {
      source,
      report: (error) => {
        // What was retired says nothing about what is there now.
        if (this.entries.get(keyOf(entry.record)) === entry) this.healthOf(entry.record.id).used(error);
      },
      release: () => {
        if (released) return;
        released = true;
        this.release(entry);
      },
    };
  }

  private release(entry: SourceEntry): void {
    entry.leases--;
    entry.lastUsedAt = performance.now();
    if (entry.leases === 0) entry.onFree?.();
  }

  private async open(record: ConnectionRecord, room: Promise<unknown>): Promise<Source> {
    await room;
    return this.options.open(record, AbortSignal.timeout(this.options.openTimeoutMs));
  }

  /**
   * Closes what nobody uses, least recently used first, until the sessions of `record` fit under the total.
   * @returns resolves when they are closed
   */
  private makeRoom(record: ConnectionRecord, health: ConnectionHealth): Promise<unknown> {
    const most = this.options.maxSessionsTotal;
    const sessionsOf = (one: ConnectionRecord): number => {
      const servers = serverCountOf(one);
      // One more on each of several servers watches it.
      return Math.min(servers === 1 ? one.maxConnections : servers * (one.maxConnections + 1), most);
    };
    const fits = (): boolean => {
      const taken = [...this.entries.values()].reduce((sum, entry) => sum + sessionsOf(entry.record), 0);
      return taken + sessionsOf(record) <= most;
    };
    const closings: Promise<void>[] = [];
    for (const entry of closableEntries(this.entries.values())) {
      if (fits()) break;
      closings.push(this.drop(keyOf(entry.record), entry));
    }
    if (!fits()) {
      health.circuit.abandoned();
      throw new AppError('connection.pool_exhausted', 'All sessions of the service are in use', {
        retryAfterSeconds: 1,
      });
    }
    return Promise.all(closings);
  }

  private closeIdle(): void {
    const before = performance.now() - this.options.idleMs;
    for (const entry of closableEntries(this.entries.values())) {
      if (entry.lastUsedAt < before) void this.drop(keyOf(entry.record), entry);
    }
  }

  /** From here on nobody gets it; those who have it may finish. */
  private drop(key: string, entry: SourceEntry): Promise<void> {
    this.entries.delete(key);
    const closing = this.end(entry).catch(() => undefined);
    this.retiring.add(closing);
    void closing.finally(() => this.retiring.delete(closing));
    return closing;
  }

  /** The leases have the grace, and not the sessions: who waits for a session, or is about to ask for one, has it too. */
  private async end(entry: SourceEntry): Promise<void> {
    const source = await entry.opening;
    await isFreeWithin(entry, this.options.graceMs);
    const reason = new AppError(
      this.closed ? 'service.shutting_down' : 'query.cancelled',
      this.closed ? undefined : 'The connection was changed',
    );
    await source.close(0, reason);
  }

  private healthOf(connectionId: string): ConnectionHealth {
    let health = this.health.get(connectionId);
    if (!health) {
      health = new ConnectionHealth((figures) => this.options.onHealthChange(connectionId, figures));
      this.health.set(connectionId, health);
    }
    return health;
  }
}

function keyOf(record: ConnectionRecord): string {
  return `${record.id}:${record.revision}`;
}
