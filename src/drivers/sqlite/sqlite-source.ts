import { AppError } from '../../common/app-error';
import { abortError } from '../abort';
import type { AccountPower } from '../account-power';
import type { ConnectOptions, Cursor, PoolFigures, QueryRequest, Source, TestReport } from '../driver';
import type { RelationDescription, RelationName } from '../../common/relation-description';
import type { TableInfo } from '../table-info';
import { describeEntry } from './describe-entry';
import { prepareStatement } from './prepare-statement';
import type { QueryMessage } from './protocol';
import { SessionLease } from './session-lease';
import { SqliteSessionPool } from './session-pool';
import { SqliteCursor } from './sqlite-cursor';

const FIRST_BATCH = 256;
const INTROSPECT_MS = 60_000;
const DESCRIBE_MS = 15_000;
const TEST_MS = 15_000;

export class SqliteSource implements Source {
  readonly #pool: SqliteSessionPool;
  readonly #leases = new Set<SessionLease>();
  #closing: Promise<void> | null = null;

  constructor(
    file: string,
    busyTimeoutMs: number,
    private readonly options: ConnectOptions,
  ) {
    this.#pool = new SqliteSessionPool({ file, readOnly: options.readOnly, busyTimeoutMs }, options);
  }

  async test(signal: AbortSignal): Promise<TestReport> {
    const request = { text: 'select 1', values: [], access: 'read', maxRows: 1, timeoutMs: TEST_MS } as const;
    await this.#collect(request, signal);
    const begun = performance.now();
    await this.#collect(request, signal);
    const latencyMs = performance.now() - begun;
    // there is no account: what holds is how the file is opened, and the authorizer behind it
    const account: AccountPower[] = this.options.readOnly
      ? []
      : [{ code: 'writable_file', detail: 'The file is opened for writing where a permission allows it.' }];
    return { serverVersion: this.#pool.version, latencyMs, readOnlyAccount: null, account, warnings: [] };
  }

  call(): Promise<never> {
    return Promise.reject(new AppError('query.unsupported', 'SQLite has no stored procedures'));
  }

  procedures(): Promise<[]> {
    return Promise.resolve([]);
  }

  async query(request: QueryRequest, signal: AbortSignal): Promise<Cursor> {
    if (signal.aborted) throw abortError(signal);
    if (request.access === 'write' && this.options.readOnly) throw new AppError('query.read_only');
    const { keyword, values } = prepareStatement(request);
    const { access, maxRows } = request;
    const message: QueryMessage = {
      op: 'query',
      text: request.text,
      values,
      access,
      limit: maxRows === undefined || request.streamed ? FIRST_BATCH : maxRows + 1,
      maxRows: maxRows === undefined ? null : maxRows + 1,
      maxChangedRows: access === 'write' ? (request.maxChangedRows ?? null) : null,
      expects: (request.expects ?? []).map(({ name, version }) => ({ name, version })),
      reads: request.reads?.map(({ name, columns }) => ({ name, columns })) ?? null,
      hashKey: request.hashKey ?? null,
    };
    for (;;) {
      const lease = await this.#lease(signal, access === 'write', request.timeoutMs);
      try {
        return new SqliteCursor(lease, await lease.ask(message), access === 'write' && keyword !== 'explain');
      } catch (error) {
        if (!lease.undelivered) throw error;
      }
    }
  }

  async introspect(signal: AbortSignal): Promise<TableInfo[]> {
    if (signal.aborted) throw abortError(signal);
    const lease = await this.#lease(signal, false, INTROSPECT_MS);
    const { tables } = await lease.ask({ op: 'introspect' });
    lease.release();
    return [...tables];
  }

  async describe(
    relations: readonly RelationName[],
    signal: AbortSignal,
  ): Promise<(RelationDescription | null)[]> {
    if (signal.aborted) throw abortError(signal);
    const names = relations.map(({ name }) => name);
    for (;;) {
      const lease = await this.#lease(signal, false, DESCRIBE_MS);
      try {
        const { entries } = await lease.ask({ op: 'describe', names });
        lease.release();
        return entries.map((entry) => entry && describeEntry(entry));
      } catch (error) {
        if (!lease.undelivered) throw error;
      }
    }
  }

  pool(): PoolFigures {
    return this.#pool.figures();
  }

  close(graceMs = 0, reason = new AppError('service.shutting_down')): Promise<void> {
    this.#closing ??= this.#pool.close(graceMs, () => {
      for (const lease of this.#leases) void lease.stop(reason);
    });
    return this.#closing;
  }

  async #lease(signal: AbortSignal, writes: boolean, timeoutMs: number): Promise<SessionLease> {
    const onEnd = (ended: SessionLease): void => void this.#leases.delete(ended);
    const lease = await SessionLease.take(this.#pool, { signal, writes, timeoutMs, onEnd });
    if (!lease.over) this.#leases.add(lease);
    return lease;
  }

  async #collect(request: QueryRequest, signal: AbortSignal): Promise<void> {
    const cursor = await this.query(request, signal);
    try {
      await cursor.read(1);
    } finally {
      await cursor[Symbol.asyncDispose]();
    }
  }
}
