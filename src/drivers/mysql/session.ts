import type { Socket } from 'node:net';
import type { PoolConnection } from 'mysql2';
import { quoteIdentifier } from '../../common/quote/mysql';
import { RowGuard } from '../row-guard';
import { settledWithin } from '../settled-within';

/** The longest a server may take to clean a session before it is closed instead. */
const resetWithinMs = 2_000;

/** The limit of time for one statement: MariaDB has one for all (in seconds), MySQL one for SELECT (in milliseconds). */
export type Flavour = 'mysql' | 'mariadb';

export interface SessionRules {
  readonly flavour: Flavour;
  readonly readOnly: boolean;
  /** The one that unqualified names are looked up in. */
  readonly database: string;
  /** Asks the server over another connection to stop what the session runs. */
  readonly kill: (threadId: number) => Promise<void>;
}

/** A database of the server as it stands in `USE`. */
const use = (database: string): string => `USE ${quoteIdentifier(database)}`;

/** What the readers of cells and the analysis of statements rely on. */
const pinned =
  "SET NAMES utf8mb4, sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', " +
  "time_zone = '+00:00', autocommit = 1, sql_auto_is_null = 0";

/**
 * One session lent by the pool. COM_RESET_CONNECTION brings it back to how it was opened (MySQL manual,
 * "mysql_reset_connection()"): transactions, temporary tables, locks, user and session variables, prepared statements.
 * The settings are made anew behind it.
 */
export class MysqlSession {
  /** What each session's limit is, in milliseconds; a reset makes it anew, since the next statement mostly has the same. */
  static readonly #limits = new WeakMap<PoolConnection, number>();
  #gone = false;

  constructor(
    readonly connection: PoolConnection,
    private readonly rules: SessionRules,
    private readonly back: { release: () => void; destroy: () => void },
    /** How long it was idle: it may have died unseen. `null` for a session that is new. */
    readonly idleMs: number | null,
  ) {}

  /** Runs one of the driver's own statements by the text protocol. */
  async run(text: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.connection.query(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** The rows of one of the driver's own statements whose cells are all character strings or NULL. */
  async rows(text: string): Promise<(string | null)[][]> {
    return new Promise((resolve, reject) => {
      this.connection.query({ sql: text, rowsAsArray: true }, (error, rows) =>
        error ? reject(error) : resolve(rows as unknown as (string | null)[][]),
      );
    });
  }

  /**
   * Stops or continues reading from the server; TCP makes it wait. The socket itself: `pause` of mysql2 copies every packet
   * that has arrived already.
   */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** mysql2 keeps it; its types do not tell. */
  get #socket(): Pick<Socket, 'pause' | 'resume'> | undefined {
    return (this.connection as { stream?: Socket }).stream;
  }

  async pin(): Promise<void> {
    const limit = MysqlSession.#limits.get(this.connection);
    await this.run(limit === undefined ? pinned : `${pinned}, ${this.#limitOf(limit)}`);
    if (this.rules.readOnly) await this.run('SET SESSION TRANSACTION READ ONLY');
  }

  /** Sets the server's own limit for the statements to come. */
  async limit(timeoutMs: number): Promise<void> {
    const ms = Math.max(1, Math.ceil(timeoutMs));
    if (ms === MysqlSession.#limits.get(this.connection)) return;
    await this.run(`SET ${this.#limitOf(ms)}`);
    MysqlSession.#limits.set(this.connection, ms);
  }

  #limitOf(ms: number): string {
    return this.rules.flavour === 'mariadb'
      ? `max_statement_time = ${(ms / 1_000).toFixed(3)}`
      : `max_execution_time = ${ms}`;
  }

  async answers(withinMs: number): Promise<boolean> {
    const pong = new Promise<void>((resolve, reject) => {
      this.connection.ping((error) => (error ? reject(error) : resolve()));
    });
    return (await settledWithin(pong, withinMs)) === 'resolved';
  }

  /** Resolves when the server has taken the order to stop the statement. */
  async kill(): Promise<void> {
    await this.rules.kill(this.connection.threadId);
  }

  /**
   * Whether the session is as it was opened. A session that was killed must prove that nobody waits to be. The database is
   * not among what COM_RESET_CONNECTION brings back, and a procedure may change it by a prepared USE.
   */
  async reset({ killed, wrote }: { killed: boolean; wrote: boolean }): Promise<boolean> {
    const work = async (): Promise<void> => {
      // KILL QUERY sets a flag that the next statement may meet instead of the one that was meant
      if (killed) {
        await this.run('DO 0').catch(() => undefined);
        await this.run('DO 0');
      }
      await new Promise<void>((resolve, reject) => {
        this.connection.reset((error) => (error ? reject(error) : resolve()));
      });
      if (wrote) await this.run(use(this.rules.database));
      await this.pin();
    };
    return (await settledWithin(work(), resetWithinMs)) === 'resolved';
  }

  /** Closes the session when one row turns out to be larger than a row may be. */
  guardRows(onTooLarge: () => void): RowGuard {
    const { stream } = this.connection as unknown as { stream: Socket };
    return new RowGuard(stream, () => {
      onTooLarge();
      this.destroy();
    });
  }

  release(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.back.release();
  }

  destroy(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.back.destroy();
  }
}
