import { AppError } from '../../common/app-error';
import { abortError } from '../../drivers/abort';
import { Turns } from './turns';

export interface FairQueueLimits {
  /** Waiting at once, of all users. */
  readonly waiting: number;
  /** Waiting at once, of one user. */
  readonly waitingPerUser: number;
  /** Longest wait in milliseconds. */
  readonly waitMs: number;
}

/** Whether a statement is expected to keep its place for long. */
export type Lane = 'short' | 'long';

interface Waiter {
  readonly user: string;
  readonly laneOf: () => Lane;
  admit(lane: Lane): void;
  refuse(error: AppError): void;
}

/** Of the places, as many are out of reach of long statements: one in so many. */
const KEPT_FROM_LONG = 4;

/**
 * The places of one connection. Whoever finds one free takes it at once; otherwise users take turns, however many
 * statements each of them sends, so that nobody waits for all of somebody else's. Short statements do not wait for long
 * ones: these leave a quarter of the places alone, and beyond a quarter of their own they come after the short ones.
 */
export class FairQueue {
  #busy = 0;
  #busyLong = 0;
  #max = 0;
  #turn: Lane = 'short';
  readonly #rows: Readonly<Record<Lane, Turns<Waiter>>> = { short: new Turns(), long: new Turns() };

  constructor(private readonly limits: FairQueueLimits) {}

  get busy(): number {
    return this.#busy;
  }

  get waiting(): number {
    return this.#rows.short.count + this.#rows.long.count;
  }

  /**
   * @param max places at the moment; a change of the connection may change it
   * @param laneOf asked again when its turn comes: more may be known by then
   * @returns the lane, which `leave` is to be given; at once when there was a place, else when there is one
   * @throws AppError `request.rate_limited` when too many of the user wait, `connection.pool_exhausted` when too many of
   * all do or it takes too long, or the signal's own error
   */
  enter(user: string, max: number, signal: AbortSignal, laneOf: () => Lane): Promise<Lane> | Lane {
    if (signal.aborted) throw abortError(signal);
    this.#max = max;
    const lane = laneOf();
    if (this.#hasRoom(lane) && this.#rows[lane].count === 0) {
      this.#take(lane);
      return lane;
    }
    if (this.#rows.short.countOf(user) + this.#rows.long.countOf(user) >= this.limits.waitingPerUser) {
      throw new AppError('request.rate_limited', 'Too many of your statements wait for this connection', {
        retryAfterSeconds: 1,
      });
    }
    if (this.waiting >= this.limits.waiting) throw exhausted();
    const entered = this.#wait(user, lane, laneOf, signal);
    this.#admit();
    return entered;
  }

  leave(lane: Lane): void {
    this.#busy -= 1;
    if (lane === 'long') this.#busyLong -= 1;
    this.#admit();
  }

  #take(lane: Lane): void {
    this.#busy += 1;
    if (lane === 'long') this.#busyLong += 1;
  }

  #wait(user: string, lane: Lane, laneOf: () => Lane, signal: AbortSignal): Promise<Lane> {
    return new Promise((resolve, reject) => {
      const settle = (done: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#rows.short.remove(user, waiter);
        this.#rows.long.remove(user, waiter);
        done();
      };
      const waiter: Waiter = {
        user,
        laneOf,
        admit: (admittedTo) => settle(() => resolve(admittedTo)),
        refuse: (error) => settle(() => reject(error)),
      };
      const onAbort = (): void => waiter.refuse(abortError(signal));
      const timer = setTimeout(() => waiter.refuse(exhausted()), this.limits.waitMs);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#rows[lane].add(user, waiter);
    });
  }

  /** Gives free places to those whose turn it is. */
  #admit(): void {
    for (let lane = this.#next(); lane !== null; lane = this.#next()) {
      const waiter = this.#rows[lane].next();
      if (lane === 'short' && waiter?.laneOf() === 'long') {
        this.#rows.long.add(waiter.user, waiter);
        continue;
      }
      this.#take(lane);
      this.#turn = lane === 'long' ? 'short' : 'long';
      waiter?.admit(lane);
    }
  }

  #next(): Lane | null {
    const short = this.#rows.short.count > 0 && this.#hasRoom('short');
    const long = this.#rows.long.count > 0 && this.#hasRoom('long');
    if (!long) return short ? 'short' : null;
    if (!short) return 'long';
    // Both wait: below their share the long ones take turns with the short ones, so that neither stands still.
    return this.#busyLong < Math.max(1, this.#kept()) ? this.#turn : 'short';
  }

  #hasRoom(lane: Lane): boolean {
    return this.#busy < this.#max && (lane === 'short' || this.#busyLong < this.#max - this.#kept());
  }

  #kept(): number {
    return Math.floor(this.#max / KEPT_FROM_LONG);
  }
}

function exhausted(): AppError {
  return new AppError('connection.pool_exhausted', undefined, { retryAfterSeconds: 1 });
}
