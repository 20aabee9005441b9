import type { mongo } from 'mongoose';
import { AppError } from '../../common/app-error';
import { abortError } from '../abort';
import { mapMongoError } from './map-error';
import { stopOnServer } from './stop-on-server';

const STOP_MS = 10_000;

export interface OperationTerms {
  readonly comment: string;
  readonly signal: AbortSignal;
  /** A session of its own for stopping. */
  readonly control: () => Promise<mongo.MongoClient>;
  readonly onEnd: (operation: RunningOperation) => void;
}

/** One operation on the server and everything that can end it; `onEnd` is told once, when the server is done with it. */
export class RunningOperation {
  cursor: mongo.RunCommandCursor | null = null;
  #inFlight: Promise<unknown> | null = null;
  #stopped: AppError | null = null;
  #ending: Promise<void> | null = null;
  #over = false;
  readonly #lastResort = new AbortController();
  readonly #onAbort = (): void => void this.stop(abortError(this.terms.signal));

  constructor(private readonly terms: OperationTerms) {
    terms.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Cuts the socket: only when the server answers nothing any more. */
  get socketSignal(): AbortSignal {
    return this.#lastResort.signal;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Waits for one exchange with the server. @throws AppError what stopped the operation, or what the server said. */
  async exchange<T>(work: () => Promise<T>): Promise<T> {
    await this.requireRunning();
    const inFlight = work();
    this.#inFlight = inFlight;
    try {
      const result = await inFlight;
      await this.requireRunning();
      return result;
    } catch (error) {
      await this.requireRunning();
      await this.#closeCursor();
      this.finish();
      throw mapMongoError(error);
    } finally {
      this.#inFlight = null;
    }
  }

  /** @throws AppError what stopped the operation, once it is confirmed. */
  async requireRunning(): Promise<void> {
    if (!this.#stopped) return;
    await this.#ending;
    throw this.#stopped;
  }

  async stop(error: AppError): Promise<void> {
    if (!this.#over && !this.#stopped) {
      this.#stopped = error;
      this.#ending = this.#halt();
    }
    await this.#ending;
  }

  /** Ends what is left of the operation: kills a running exchange, closes an open cursor. */
  async abandon(): Promise<void> {
    if (this.#stopped) return this.#ending ?? undefined;
    if (this.#inFlight) return this.stop(new AppError('query.cancelled'));
    await this.#closeCursor();
    this.finish();
  }

  finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.terms.signal.removeEventListener('abort', this.#onAbort);
    this.terms.onEnd(this);
  }

  async #halt(): Promise<void> {
    try {
      if (this.#inFlight) {
        const confirmed = await stopOnServer(
          await this.terms.control(),
          this.terms.comment,
          this.#inFlight,
          STOP_MS,
        );
        if (!confirmed) this.#lastResort.abort();
      }
    } catch {
      // without a way to the server nothing runs for us there for long: it notices the closed socket
      this.#lastResort.abort();
    }
    await this.#closeCursor();
    this.finish();
  }

  async #closeCursor(): Promise<void> {
    try {
      await this.cursor?.close();
    } catch {
      // the server forgets cursors of clients that went away
    }
  }
}
