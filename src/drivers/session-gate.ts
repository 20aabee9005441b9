import { AppError } from '../common/app-error';
import { abortError } from './abort';

interface Waiter {
  admit(): void;
  refuse(error: AppError): void;
}

/**
 * Admits at most `max` callers at a time, first come, first served. It stands in front of the pools of the client
 * libraries because those either have no limit of waiting (mysql2) or one that also covers connecting (pg).
 */
export class SessionGate {
  #busy = 0;
  #closed = false;
  readonly #waiting = new Set<Waiter>();
  readonly #emptied = new Set<() => void>();

  constructor(
    readonly max: number,
    private readonly acquireTimeoutMs: number,
  ) {}

  get busy(): number {
    return this.#busy;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** @throws AppError `connection.pool_exhausted`, `connection.lost` once closed, or the signal's own error. */
  async enter(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw abortError(signal);
    if (this.#closed) throw closedError();
    if (this.#busy < this.max) {
      this.#busy += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const settle = (done: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#waiting.delete(waiter);
        done();
      };
      const waiter: Waiter = { admit: () => settle(resolve), refuse: (error) => settle(() => reject(error)) };
      const onAbort = (): void => waiter.refuse(abortError(signal));
      const timer = setTimeout(
        () => waiter.refuse(new AppError('connection.pool_exhausted', undefined, { retryAfterSeconds: 1 })),
        this.acquireTimeoutMs,
      );
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  /** Hands the place to whoever waits longest. */
  leave(): void {
    const [next] = this.#waiting;
    if (next) return next.admit();
    this.#busy -= 1;
    if (this.#busy === 0) for (const tell of this.#emptied) tell();
  }

  /** Refuses whoever waits and whoever comes; those inside stay until they leave. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiting) waiter.refuse(closedError());
  }

  /** Whether everybody left within `withinMs`. */
  async emptied(withinMs: number): Promise<boolean> {
    if (this.#busy === 0) return true;
    return new Promise((resolve) => {
      const tell = (): void => settle(true);
      const timer = setTimeout(() => settle(false), withinMs);
      const settle = (empty: boolean): void => {
        clearTimeout(timer);
        this.#emptied.delete(tell);
        resolve(empty);
      };
      this.#emptied.add(tell);
    });
  }
}

function closedError(): AppError {
  return new AppError('connection.lost', 'This pool is closed; open the connection again.');
}
