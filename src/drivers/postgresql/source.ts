import { Client, type ClientConfig } from 'pg';
import type { DataSource } from 'typeorm';
import { AppError } from '../../common/app-error';
import { abortError } from '../abort';
import type { ConnectOptions, Cursor, PoolFigures, QueryRequest, Source, TestReport } from '../driver';
import { leadingKeyword } from '../leading-keyword';
import { SessionGate } from '../session-gate';
import { unlessAborted } from '../unless-aborted';
import type { TableInfo } from '../table-info';
import type { PostgresConfig } from './config';
import { encodeParameter, needsType } from './encode-parameter';
import { introspect } from './introspect';
import { mapStatementError } from './map-error';
import { probe } from './probe';
import type { PostgresSession, SessionPlace } from './session';
import { PostgresSessions } from './sessions';
import { PostgresStatement } from './statement';
import { typeLookUp, TypeRegistry, type TypeRow } from './type-registry';

/**
 * Statements that are about the session, the transaction or the client's files rather than about data. The driver
 * owns the session, and `COPY` and `PREPARE TRANSACTION` are allowed even in a read-only transaction.
 */
const refusedKeywords: ReadonlySet<string> = new Set([
  'abort', 'begin', 'checkpoint', 'close', 'commit', 'copy', 'deallocate', 'declare', 'discard', 'end', 'execute',
  'fetch', 'listen', 'load', 'lock', 'move', 'notify', 'prepare', 'reassign', 'release', 'reset', 'rollback',
  'savepoint', 'set', 'start', 'unlisten',
]); // prettier-ignore

/** How long stopped statements may take to leave before their sockets are closed. */
const stoppedWithinMs = 5_000;

/** A pool of sessions on one PostgreSQL database. */
export class PostgresSource implements Source {
  readonly #gate: SessionGate;
  readonly #sessions: PostgresSessions;
  readonly #types: TypeRegistry;
  readonly #running = new Set<PostgresStatement>();
  #closing: Promise<void> | null = null;

  constructor(
    private readonly config: PostgresConfig,
    private readonly dataSource: DataSource,
    place: SessionPlace,
    private readonly client: ClientConfig,
    private readonly options: ConnectOptions,
  ) {
    this.#gate = new SessionGate(options.maxSessions, options.acquireTimeoutMs);
    this.#sessions = new PostgresSessions(dataSource, place, options);
    this.#types = new TypeRegistry((oids) => this.#lookUpTypes(oids));
  }

  async test(signal: AbortSignal): Promise<TestReport> {
    return probe(this, this.config, this.client.ssl !== false, signal);
  }

  async introspect(signal: AbortSignal): Promise<TableInfo[]> {
    return introspect(this, signal);
  }

  async query(request: QueryRequest, signal: AbortSignal): Promise<Cursor> {
    if (signal.aborted) throw abortError(signal);
    if (request.access === 'write' && this.options.readOnly) throw new AppError('query.read_only');
    refuse(request.text);
    // every idle session may have died with the server; a new one is not tried twice
    for (let attempt = 0; attempt <= this.options.maxSessions; attempt += 1) {
      const cursor = await this.#run(request, signal);
      if (cursor !== null) return cursor;
    }
    throw new AppError('connection.lost');
  }

  /** `null` when the session turned out to be dead before the server had seen the statement. */
  async #run(request: QueryRequest, signal: AbortSignal): Promise<Cursor | null> {
    const session = await this.#acquire(signal);
    let statement: PostgresStatement;
    let values: readonly (string | null)[];
    try {
      values = await parameters(session, request);
      if (signal.aborted) throw abortError(signal);
      statement = new PostgresStatement(session, request, () => {
        signal.removeEventListener('abort', stop);
        this.#running.delete(statement);
        this.#gate.leave();
      });
      this.#running.add(statement);
    } catch (error) {
      if (await session.reset()) session.release();
      else session.destroy();
      this.#gate.leave();
      throw error;
    }
    const stop = (): void => void statement.stop(abortError(signal));
    signal.addEventListener('abort', stop, { once: true });
    try {
      await statement.begin(values, this.#types);
      return statement;
    } catch (error) {
      if (statement.unanswered && session.idleMs !== null) return null;
      throw error;
    }
  }

  /** A place and a session in it; whoever gets it calls `leave` when the session is given back. */
  async #acquire(signal: AbortSignal): Promise<PostgresSession> {
    await this.#gate.enter(signal);
    const lending = this.#sessions.lend();
    try {
      return await unlessAborted(lending, signal);
    } catch (error) {
      // connecting goes on until its own time is over; what comes of it is the next caller's
      lending.then(
        (session) => {
          session.release();
          this.#gate.leave();
        },
        () => this.#gate.leave(),
      );
      throw error;
    }
  }

  pool(): PoolFigures {
    const { totalCount, idleCount } = this.#sessions.pool ?? { totalCount: 0, idleCount: 0 };
    return {
      open: totalCount,
      idle: idleCount,
      busy: this.#gate.busy,
      waiting: this.#gate.waiting,
      max: this.#gate.max,
    };
  }

  async close(graceMs = 0): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    await this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    this.#gate.close();
    if (!(await this.#gate.emptied(graceMs))) {
      const reason = new AppError('service.shutting_down');
      await Promise.all([...this.#running].map((statement) => statement.stop(reason)));
      await this.#gate.emptied(stoppedWithinMs);
    }
    await this.dataSource.destroy();
  }

  /** Over a connection of its own: the session that asks is in the middle of its statement. */
  async #lookUpTypes(oids: readonly number[]): Promise<readonly TypeRow[]> {
    const client = new Client(this.client);
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<LookedUp>(typeLookUp(oids));
      return rows.map((row) => ({
        ...row,
        oid: Number(row.oid),
        base: Number(row.base),
        element: Number(row.element),
      }));
    } catch {
      // the columns are then described as `type <oid>` with the server's text
      return [];
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** OIDs have 32 unsigned bits; they come as text. */
type LookedUp = { [K in keyof TypeRow]: TypeRow[K] extends boolean ? boolean : string };

/** @throws AppError for texts that are refused before any session is taken. */
function refuse(text: string): void {
  if (text.includes('\0')) throw new AppError('query.invalid_text', 'The statement holds a zero byte.');
  const keyword = leadingKeyword(text);
  if (refusedKeywords.has(keyword)) {
    throw new AppError(
      'query.unsupported',
      `${keyword.toUpperCase()} is about the session, which is not yours.`,
      {
        extra: { construct: keyword.toUpperCase() },
      },
    );
  }
}

async function parameters(
  session: PostgresSession,
  request: QueryRequest,
): Promise<readonly (string | null)[]> {
  let types: readonly number[] = [];
  if (request.values.some(needsType)) {
    const startedAt = Date.now();
    types = await session.parameterTypes(request.text).catch((error: unknown) => {
      throw mapStatementError(error, Date.now() - startedAt, request.timeoutMs);
    });
  }
  return request.values.map((value, index) => encodeParameter(value, index, types[index]));
}
