import { AppError, isAppError } from '../../common/app-error';
import { abortError } from '../abort';
import { ChildFailure, type SqliteProcess } from './child-process';
import { mapSqliteError } from './map-error';
import type { Replies, Request } from './protocol';
import type { SqliteSessionPool } from './session-pool';

/**
 * A session for one piece of work, with everything that can stop it: the caller's signal, the limit of time, the end
 * of the Source. Stopping kills the process; whoever waits learns of it when the process is gone.
 */
export class SessionLease {
  #session: SqliteProcess | null;
  #leftMs: number;
  #stopped: AppError | null = null;
  #ending: Promise<void> | null = null;
  /** Whether the session had died while it was idle, so that nothing has run. */
  undelivered = false;
  readonly #onAbort = (): void => void this.stop(abortError(this.signal));

  private constructor(
    private readonly pool: SqliteSessionPool,
    session: SqliteProcess,
    private readonly writes: boolean,
    timeoutMs: number,
    private readonly signal: AbortSignal,
    private readonly onEnd: (lease: SessionLease) => void,
  ) {
    this.#session = session;
    this.#leftMs = timeoutMs;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  static async take(
    pool: SqliteSessionPool,
    terms: { signal: AbortSignal; writes: boolean; timeoutMs: number; onEnd: (lease: SessionLease) => void },
  ): Promise<SessionLease> {
    const session = await pool.acquire(terms.signal);
    const lease = new SessionLease(pool, session, terms.writes, terms.timeoutMs, terms.signal, terms.onEnd);
    if (terms.signal.aborted) {
      const error = abortError(terms.signal);
      await lease.stop(error);
      throw error;
    }
    return lease;
  }

  get over(): boolean {
    return this.#session === null;
  }

  /** @throws AppError what stopped the work, or what SQLite said. */
  async ask<R extends Request>(request: R): Promise<Replies[R['op']]> {
    const session = this.#session;
    if (!session) throw this.#stopped ?? new AppError('connection.lost');
    const begun = Date.now();
    const timer = setTimeout(() => void this.stop(new AppError('query.timeout')), Math.max(1, this.#leftMs));
    try {
      return await session.ask(request);
    } catch (error) {
      await this.#ending;
      if (this.#stopped) throw this.#stopped;
      if (error instanceof ChildFailure) {
        this.release();
        throw mapSqliteError(error.failure);
      }
      this.undelivered = session.undelivered;
      await this.#end(session);
      throw error;
    } finally {
      clearTimeout(timer);
      this.#leftMs -= Date.now() - begun;
    }
  }

  /** Resolves when the process is gone. */
  async stop(error: AppError): Promise<void> {
    if (this.#session) {
      this.#stopped = error;
      this.#ending = this.#end(this.#session);
    }
    await this.#ending;
  }

  /** Why the work was stopped, when it was. */
  get stopped(): AppError | null {
    return this.#stopped;
  }

  /** Gives the session back as it is: nothing runs on it. */
  release(): void {
    const session = this.#forget();
    if (session) this.pool.release(session);
  }

  /** Ends what runs, gently where the process listens and by force where it does not. */
  async abandon(): Promise<void> {
    const session = this.#session;
    if (!session) return this.#ending ?? undefined;
    if (session.busy) return this.#end(session);
    try {
      await session.ask({ op: 'end' });
      this.release();
    } catch (error) {
      if (!isAppError(error) && !(error instanceof ChildFailure)) throw error;
      await this.#end(session);
    }
  }

  async #end(session: SqliteProcess): Promise<void> {
    if (this.#forget()) await this.pool.destroy(session, this.writes);
  }

  #forget(): SqliteProcess | null {
    const session = this.#session;
    this.#session = null;
    this.signal.removeEventListener('abort', this.#onAbort);
    if (session) this.onEnd(this);
    return session;
  }
}
