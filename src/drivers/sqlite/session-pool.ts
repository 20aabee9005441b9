import { AppError } from '../../common/app-error';
import { abortError } from '../abort';
import type { ConnectOptions, PoolFigures } from '../driver';
import { settledWithin } from '../settled-within';
import { SessionGate } from '../session-gate';
import { SqliteProcess } from './child-process';
import type { OpenMessage } from './protocol';

/** Child processes of one Source: as many as there are statements at once, and the idle ones that are worth keeping. */
export class SqliteSessionPool {
  readonly #gate: SessionGate;
  readonly #idle: SqliteProcess[] = [];
  readonly #busy = new Set<SqliteProcess>();
  readonly #ending = new Set<Promise<void>>();
  readonly #sweeper: NodeJS.Timeout;
  /** What the library in the children calls itself. */
  version = '';

  constructor(
    private readonly settings: Omit<OpenMessage, 'op'>,
    private readonly options: ConnectOptions,
  ) {
    this.#gate = new SessionGate(options.maxSessions, options.acquireTimeoutMs);
    this.#sweeper = setInterval(() => this.#sweep(), Math.max(50, Math.min(options.idleMs / 2, 5_000)));
    this.#sweeper.unref();
  }

  figures(): PoolFigures {
    return {
      open: this.#idle.length + this.#busy.size,
      idle: this.#idle.length,
      busy: this.#gate.busy,
      waiting: this.#gate.waiting,
      max: this.#gate.max,
    };
  }

  /** A session nobody else uses; given back by `release` or `destroy`. */
  async acquire(signal: AbortSignal): Promise<SqliteProcess> {
    await this.#gate.enter(signal);
    for (;;) {
      const idle = this.#idle.pop();
      if (!idle) return this.#open(signal);
      if (idle.dead) continue;
      if (Date.now() - idle.bornAt > this.options.recycleMs) {
        this.#retire(idle);
        continue;
      }
      this.#busy.add(idle);
      return idle;
    }
  }

  release(session: SqliteProcess): void {
    this.#busy.delete(session);
    if (session.dead || this.#gate.closed) this.#retire(session);
    else {
      session.idleSince = Date.now();
      this.#idle.push(session);
    }
    this.#gate.leave();
  }

  /** Kills a session and waits until it is gone; what it had begun to write is rolled back before anybody reads on. */
  async destroy(session: SqliteProcess, wrote: boolean): Promise<void> {
    try {
      await session.kill();
      if (wrote) await this.#recover();
    } finally {
      this.#busy.delete(session);
      this.#gate.leave();
    }
  }

  async close(graceMs: number, stopAll: () => void): Promise<void> {
    this.#gate.close();
    clearInterval(this.#sweeper);
    for (const session of this.#idle.splice(0)) this.#retire(session);
    if (!(await this.#gate.emptied(graceMs))) {
      stopAll();
      await this.#gate.emptied(5_000);
      await Promise.all([...this.#busy].map((session) => session.kill()));
    }
    for (const session of this.#idle.splice(0)) this.#retire(session);
    await Promise.all(this.#ending);
  }

  async #open(signal: AbortSignal): Promise<SqliteProcess> {
    const session = this.#start();
    const opening = session.open(this.settings).then((version) => void (this.version = version));
    let stop = (): void => undefined;
    const stopped = new Promise<never>((_resolve, reject) => {
      const timer = setTimeout(
        () => reject(new AppError('connection.timeout')),
        this.options.connectTimeoutMs,
      );
      const onAbort = (): void => reject(abortError(signal));
      signal.addEventListener('abort', onAbort, { once: true });
      stop = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
    });
    try {
      await Promise.race([opening, stopped]);
      return session;
    } catch (error) {
      void this.#releaseLater(session, opening);
      throw error;
    } finally {
      stop();
    }
  }

  #start(): SqliteProcess {
    try {
      const session = SqliteProcess.start();
      this.#busy.add(session);
      return session;
    } catch (error) {
      this.#gate.leave();
      throw error;
    }
  }

  /**
   * Keeps the place until the process has come up or is gone, so that there are never more of them than places, however fast
   * callers come and give up. What has come up is the next caller's; what does not come up in time is ended.
   */
  async #releaseLater(session: SqliteProcess, opening: Promise<unknown>): Promise<void> {
    if ((await settledWithin(opening, this.options.connectTimeoutMs)) === 'pending') await session.kill();
    this.release(session);
  }

  async #recover(): Promise<void> {
    try {
      const session = SqliteProcess.start();
      await session.open({ ...this.settings, recover: true });
      await session.kill();
    } catch {
      // the next statement meets the same state of the file and reports it
    }
  }

  #sweep(): void {
    const surplus = (): boolean => this.#idle.length + this.#busy.size > this.options.keepSessions;
    for (const session of this.#idle.slice()) {
      const tooOld = Date.now() - session.idleSince > this.options.idleMs;
      if (session.dead || (tooOld && surplus())) {
        this.#idle.splice(this.#idle.indexOf(session), 1);
        this.#retire(session);
      }
    }
  }

  #retire(session: SqliteProcess): void {
    this.#track(session.kill());
  }

  #track(ending: Promise<void>): void {
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }
}
