import { AppError } from '../common/app-error';
import type { RelationDescription, RelationName } from '../common/relation-description';
import { abortError } from './abort';
import type { ConnectOptions, Cursor, PoolFigures, QueryRequest, Source, TestReport } from './driver';
import type { CallRequest, CallResults, ProcedureDescription } from './procedure';
import { SessionGate } from './session-gate';
import type { TableInfo } from './table-info';
import { unlessAborted } from './unless-aborted';

/** A session that the engine's pool has lent. */
export interface LentSession {
  /** How long it was idle; `null` for a session that is new. */
  readonly idleMs: number | null;
  release(): void;
  destroy(): void;
}

/** What holds a session until it is given back. */
export interface RunningWork extends AsyncDisposable {
  /** Resolves when the first row has arrived or there is none; rejects if it fails before. */
  begin(): Promise<void>;
  /** Resolves when the server has confirmed; reads then fail with `reason`. */
  stop(reason: AppError | null): Promise<void>;
  /** It has failed before the server answered anything, so that sending it again repeats nothing. */
  readonly unanswered: boolean;
}

export interface RunningStatement extends Cursor, RunningWork {}

export interface RunningCall extends CallResults, RunningWork {}

/** What differs between the engines whose sessions are pooled here. */
export interface PooledEngine<Session extends LentSession> {
  /** @throws AppError for what is refused before any session is taken. */
  refuse(request: QueryRequest): void;
  /** @throws AppError `connection.*` */
  lend(): Promise<Session>;
  figures(): { readonly open: number; readonly idle: number };
  /** `done` is called once, when the session has been given back or closed. */
  prepare(session: Session, request: QueryRequest, done: () => void): Promise<RunningStatement>;
  /** As `prepare`. */
  call(session: Session, request: CallRequest, done: () => void): RunningCall;
  procedures(
    source: Pick<Source, 'query'>,
    names: readonly RelationName[] | null,
    signal: AbortSignal,
  ): Promise<ProcedureDescription[]>;
  test(source: Pick<Source, 'query'>, signal: AbortSignal): Promise<TestReport>;
  introspect(source: Pick<Source, 'query'>, signal: AbortSignal): Promise<TableInfo[]>;
  /** See `Source.describe`. */
  describe(
    source: Pick<Source, 'query'>,
    relations: readonly RelationName[],
    signal: AbortSignal,
  ): Promise<(RelationDescription | null)[]>;
  /** Closes every session. */
  close(): Promise<void>;
}

/** How long stopped statements may take to leave before their sockets are closed. */
const stoppedWithinMs = 5_000;

/** Sessions lent for one statement each, at most `maxSessions` at a time. */
export class PooledSource<Session extends LentSession> implements Source {
  readonly #gate: SessionGate;
  readonly #running = new Set<RunningWork>();
  #closing: Promise<void> | null = null;

  constructor(
    private readonly engine: PooledEngine<Session>,
    private readonly options: ConnectOptions,
  ) {
    this.#gate = new SessionGate(options.maxSessions, options.acquireTimeoutMs);
  }

  async test(signal: AbortSignal): Promise<TestReport> {
    return this.engine.test(this, signal);
  }

  async introspect(signal: AbortSignal): Promise<TableInfo[]> {
    return this.engine.introspect(this, signal);
  }

  async describe(
    relations: readonly RelationName[],
    signal: AbortSignal,
  ): Promise<(RelationDescription | null)[]> {
    return relations.length === 0 ? [] : this.engine.describe(this, relations, signal);
  }

  async query(request: QueryRequest, signal: AbortSignal): Promise<Cursor> {
    if (signal.aborted) throw abortError(signal);
    if (request.access === 'write' && this.options.readOnly) throw new AppError('query.read_only');
    this.engine.refuse(request);
    return this.#run(signal, (session, done) => this.engine.prepare(session, request, done));
  }

  async call(request: CallRequest, signal: AbortSignal): Promise<CallResults> {
    if (signal.aborted) throw abortError(signal);
    if (request.access === 'write' && this.options.readOnly) throw new AppError('query.read_only');
    return this.#run(signal, (session, done) => this.engine.call(session, request, done));
  }

  async procedures(
    names: readonly RelationName[] | null,
    signal: AbortSignal,
  ): Promise<ProcedureDescription[]> {
    return names?.length === 0 ? [] : this.engine.procedures(this, names, signal);
  }

  pool(): PoolFigures {
    return {
      ...this.engine.figures(),
      busy: this.#gate.busy,
      waiting: this.#gate.waiting,
      max: this.#gate.max,
    };
  }

  async close(graceMs = 0, reason = new AppError('service.shutting_down')): Promise<void> {
    this.#closing ??= this.#close(graceMs, reason);
    await this.#closing;
  }

  /** Every idle session may have died with the server; a new one is not tried twice. */
  async #run<Work extends RunningWork>(
    signal: AbortSignal,
    prepare: (session: Session, done: () => void) => Work | Promise<Work>,
  ): Promise<Work> {
    for (let attempt = 0; attempt <= this.options.maxSessions; attempt += 1) {
      const work = await this.#try(signal, prepare);
      if (work !== null) return work;
    }
    throw new AppError('connection.lost');
  }

  /** `null` when the session turned out to be dead before the server had seen the statement. */
  async #try<Work extends RunningWork>(
    signal: AbortSignal,
    prepare: (session: Session, done: () => void) => Work | Promise<Work>,
  ): Promise<Work | null> {
    const session = await this.#acquire(signal);
    let stop: () => void = () => undefined;
    let statement: Work | null = null;
    const done = (): void => {
      signal.removeEventListener('abort', stop);
      if (statement) this.#running.delete(statement);
      this.#gate.leave();
    };
    statement = await prepare(session, done);
    this.#running.add(statement);
    const running = statement;
    stop = () => void running.stop(abortError(signal));
    try {
      const begun = running.begin();
      // the listener comes behind the start: a statement that was never sent has nothing to stop
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      await begun;
      return running;
    } catch (error) {
      if (running.unanswered && session.idleMs !== null) return null;
      throw error;
    }
  }

  /** A place and a session in it. */
  async #acquire(signal: AbortSignal): Promise<Session> {
    await this.#gate.enter(signal);
    const lending = this.engine.lend();
    try {
      return await unlessAborted(lending, signal);
    } catch (error) {
      // connecting goes on until its own time is over; what comes of it is the next caller's
      void this.#returnLater(lending);
      throw error;
    }
  }

  async #returnLater(lending: Promise<Session>): Promise<void> {
    try {
      (await lending).release();
    } catch {
      // there is nothing to give back
    } finally {
      this.#gate.leave();
    }
  }

  async #close(graceMs: number, reason: AppError): Promise<void> {
    this.#gate.close();
    if (!(await this.#gate.emptied(graceMs))) {
      await Promise.all([...this.#running].map((statement) => statement.stop(reason)));
      await this.#gate.emptied(stoppedWithinMs);
    }
    await this.engine.close();
  }
}
