import { AppError } from '../../common/app-error';
import { abortError } from '../../drivers/abort';

export interface FairQueueLimits {
  /** Waiting at once, of all users. */
  readonly waiting: number;
  /** Waiting at once, of one user. */
  readonly waitingPerUser: number;
  /** Longest wait in milliseconds. */
  readonly waitMs: number;
}

interface Waiter {
  admit(): void;
  refuse(error: AppError): void;
}

/**
 * The places of one connection. Whoever finds one free takes it at once; otherwise users take turns, however many
 * statements each of them sends, so that nobody waits for all of somebody else's.
 */
export class FairQueue {
  #busy = 0;
  #max = 0;
  #waiting = 0;
  /** Who waits, by user; the user whose turn is next comes first. */
  readonly #users = new Map<string, Set<Waiter>>();

  constructor(private readonly limits: FairQueueLimits) {}

  get busy(): number {
    return this.#busy;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * @param max places at the moment; a change of the connection may change it
   * @returns `null` when there was a place, else settles when there is one
   * @throws AppError `request.rate_limited` when too many of the user wait, `connection.pool_exhausted` when too many of
   * all do or it takes too long, or the signal's own error
   */
  enter(user: string, max: number, signal: AbortSignal): Promise<void> | null {
    if (signal.aborted) throw abortError(signal);
    this.#max = max;
    if (this.#busy < max && this.#waiting === 0) {
      this.#busy += 1;
      return null;
    }
    const own = this.#users.get(user);
    if (own && own.size >= this.limits.waitingPerUser) {
      throw new AppError('request.rate_limited', 'Too many of your statements wait for this connection', {
        retryAfterSeconds: 1,
      });
    }
    if (this.#waiting >= this.limits.waiting) throw exhausted();
    const entered = this.#wait(user, signal);
    this.#admit();
    return entered;
  }

  leave(): void {
    this.#busy -= 1;
    this.#admit();
  }

  #wait(user: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (done: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#remove(user, waiter);
        done();
      };
      const waiter: Waiter = { admit: () => settle(resolve), refuse: (error) => settle(() => reject(error)) };
      const onAbort = (): void => waiter.refuse(abortError(signal));
      const timer = setTimeout(() => waiter.refuse(exhausted()), this.limits.waitMs);
      signal.addEventListener('abort', onAbort, { once: true });
      const own = this.#users.get(user);
      if (own) own.add(waiter);
      else this.#users.set(user, new Set([waiter]));
      this.#waiting += 1;
    });
  }

  /** Gives free places to those whose turn it is; a user who had one goes to the end of the row. */
  #admit(): void {
    while (this.#busy < this.#max) {
      const [next] = this.#users;
      if (!next) return;
      const [user, waiters] = next;
      const [waiter] = waiters;
      this.#busy += 1;
      waiter?.admit();
      if (!this.#users.delete(user)) continue;
      this.#users.set(user, waiters);
    }
  }

  #remove(user: string, waiter: Waiter): void {
    const own = this.#users.get(user);
    if (!own?.delete(waiter)) return;
    this.#waiting -= 1;
    if (own.size === 0) this.#users.delete(user);
  }
}

function exhausted(): AppError {
  return new AppError('connection.pool_exhausted', undefined, { retryAfterSeconds: 1 });
}
