import { AppError, isAppError } from '../../../common/app-error';
import type { ErrorCode } from '../../../common/errors/catalog';
import type {
  Cursor,
  PoolFigures,
  QueryRequest,
  Replication,
  ServerAddress,
  ServerRole,
  ServerStanding,
  Source,
} from '../../../drivers/driver';
import type { CallRequest, CallResults } from '../../../drivers/procedure';
import { unlessAborted } from '../../../drivers/unless-aborted';
import { Circuit, defaultCircuit } from '../circuit';
import { trackedCursor } from './tracked-cursor';
import { trackedResults } from './tracked-results';

/** A server that takes longer to say what it is counts as down. */
const ASK_MS = 5_000;
/** Asking costs one session, and whoever is back is wanted soon. */
const circuitOptions = { ...defaultCircuit, mostDelayMs: 5_000 };

export interface ServerOptions {
  readonly address: ServerAddress;
  readonly replication: Replication;
  /** Opens Sources on it; `watch` is one of a single session, in which nothing of a caller ever runs. */
  readonly connect: (use: 'watch' | 'statements', signal: AbortSignal) => Promise<Source>;
  /** Milliseconds that opening may take. */
  readonly openTimeoutMs: number;
  /** Milliseconds that statements get when the server went down under them. */
  readonly graceMs: number;
}

interface Service {
  readonly role: ServerRole;
  /** See `Cursor.bounded`. */
  readonly bounded: boolean;
  readonly onFailure: (error: unknown) => void;
}

/** One of the servers of a connection: the session that watches it, the pool, and what is known of it. */
export class DatabaseServer {
  readonly address: ServerAddress;
  up = false;
  code: ErrorCode | null = null;
  since = new Date();
  standing: ServerStanding | null = null;
  lineage: string | null = null;
  /** When it was last asked, and had answered, on the clock of `performance.now()`. */
  askedAt = 0;
  answeredAt = 0;
  /** It was seen to have what the primary had not: it follows another one. */
  astray = false;
  outstanding = 0;
  /** When it was last chosen. */
  turn = 0;
  private readonly circuit = new Circuit(circuitOptions);
  private watch: Source | null = null;
  private pool: Promise<Source> | null = null;
  private opened: Source | null = null;
  private looking: Promise<ServerStanding | null> | null = null;
  private readonly closing = new Set<Promise<void>>();
  private closed = false;

  constructor(private readonly options: ServerOptions) {
    this.address = options.address;
  }

  /** Asks it what it is, unless it failed lately; however many want to know, it is asked once. */
  look(): Promise<ServerStanding | null> {
    this.looking ??= this.ask().finally(() => (this.looking = null));
    return this.looking;
  }

  /** What it is now: a question that was under way before does not count. */
  async lookAfresh(): Promise<ServerStanding | null> {
    await this.looking;
    return this.look();
  }

  figures(): PoolFigures | null {
    return this.opened?.pool() ?? null;
  }

  /** Runs one statement, counted from here until its cursor is closed. */
  async query(
    request: QueryRequest,
    { role, bounded, onFailure }: Service,
    signal: AbortSignal,
  ): Promise<Cursor> {
    const cursor = await this.use(
      (source) => source.query(request, signal),
      signal,
      // Counted until the cursor is closed.
      true,
    );
    return trackedCursor(
      cursor,
      { servedBy: role, bounded },
      { onFailure, onClose: () => (this.outstanding -= 1) },
    );
  }

  async call(request: CallRequest, signal: AbortSignal): Promise<CallResults> {
    const results = await this.use((source) => source.call(request, signal), signal, true);
    return trackedResults(results, () => (this.outstanding -= 1));
  }

  /** Work with the pool, which is opened for it if need be. */
  async use<T>(work: (source: Source) => Promise<T>, signal: AbortSignal, goesOn = false): Promise<T> {
    this.outstanding += 1;
    let done = false;
    try {
      const result = await work(await unlessAborted(this.source(), signal));
      done = goesOn;
      return result;
    } finally {
      if (!done) this.outstanding -= 1;
    }
  }

  async close(graceMs: number, reason?: AppError): Promise<void> {
    this.closed = true;
    this.dropPool(graceMs, reason);
    this.dropWatch();
    await this.looking;
    await Promise.all(this.closing);
  }

  private source(): Promise<Source> {
    if (this.closed) throw new AppError('connection.lost', 'This pool is closed; open the connection again.');
    this.pool ??= this.openPool();
    return this.pool;
  }

  private openPool(): Promise<Source> {
    const pool = this.options.connect('statements', AbortSignal.timeout(this.options.openTimeoutMs));
    void this.noteOpened(pool);
    return pool;
  }

  /** By then another one may have taken its place. */
  private async noteOpened(pool: Promise<Source>): Promise<void> {
    try {
      const source = await pool;
      if (this.pool === pool) this.opened = source;
    } catch {
      if (this.pool === pool) this.pool = null;
    }
  }

  private async ask(): Promise<ServerStanding | null> {
    if (this.closed || (!this.watch && this.circuit.tryAfterMs() > 0)) return null;
    const { replication, connect, openTimeoutMs } = this.options;
    try {
      if (!this.watch) {
        const watch = await connect('watch', AbortSignal.timeout(openTimeoutMs));
        this.watch = watch;
        this.lineage = await replication.lineage(watch, AbortSignal.timeout(ASK_MS));
      }
      const askedAt = performance.now();
      const standing = await replication.standing(this.watch, AbortSignal.timeout(ASK_MS));
      this.circuit.succeeded();
      this.askedAt = askedAt;
      this.answeredAt = performance.now();
      this.standing = standing;
      if (!this.up) this.since = new Date();
      this.up = true;
      this.code = null;
      return standing;
    } catch (error) {
      this.failed(isAppError(error) ? error.code : 'connection.lost');
      return null;
    } finally {
      if (this.closed) this.dropWatch();
    }
  }

  private failed(code: ErrorCode): void {
    this.circuit.failed();
    if (this.up) this.since = new Date();
    this.up = false;
    this.code = code;
    this.astray = false;
    this.dropWatch();
    // It may be another machine when it is back: its name is resolved anew then.
    this.dropPool(this.options.graceMs);
  }

  private dropWatch(): void {
    const { watch } = this;
    this.watch = null;
    if (watch) this.end(watch.close(0));
  }

  private dropPool(graceMs: number, reason?: AppError): void {
    const { pool } = this;
    this.pool = null;
    this.opened = null;
    if (!pool) return;
    const lost = reason ?? new AppError('connection.lost', 'The server went down.');
    this.end(pool.then((source) => source.close(graceMs, lost)));
  }

  private end(closing: Promise<void>): void {
    const quiet = closing.catch(() => undefined);
    this.closing.add(quiet);
    void quiet.finally(() => this.closing.delete(quiet));
  }
}
