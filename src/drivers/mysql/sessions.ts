import type { PoolConnection } from 'mysql2';
import type { DataSource } from 'typeorm';
import type { ConnectOptions } from '../driver';
import { mapConnectError } from './map-error';
import { MysqlSession, type SessionRules } from './session';

/** How long a session that was idle may take to answer before it is taken for dead. */
const pingWithinMs = 2_000;

/** Lends the sessions of a data source's pool, which itself neither recycles nor keeps a minimum. */
export class MysqlSessions {
  readonly #bornAt = new WeakMap<PoolConnection, number>();
  /** Idle sessions, the longest idle first. */
  readonly #idle = new Map<PoolConnection, number>();
  readonly #lent = new Set<PoolConnection>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(
    private readonly dataSource: DataSource,
    private readonly rules: SessionRules,
    private readonly options: ConnectOptions,
  ) {
    this.#sweeper = setInterval(
      () => this.#sweep(),
      Math.max(100, Math.min(options.idleMs, 30_000) / 2),
    ).unref();
  }

  get figures(): { open: number; idle: number } {
    return { open: this.#idle.size + this.#lent.size, idle: this.#idle.size };
  }

  /**
   * A session that is young enough and has answered lately.
   *
   * @throws AppError `connection.*`
   */
  async lend(): Promise<MysqlSession> {
    for (;;) {
      const session = await this.#take();
      const age = Date.now() - (this.#bornAt.get(session.connection) ?? 0);
      const fresh = session.idleMs === null || session.idleMs <= this.options.prePingAfterMs;
      if (age <= this.options.recycleMs && (fresh || (await session.answers(pingWithinMs)))) return session;
      session.destroy();
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await this.dataSource.destroy();
    this.#idle.clear();
    this.#lent.clear();
  }

  async #take(): Promise<MysqlSession> {
    const runner = this.dataSource.createQueryRunner();
    let connection: PoolConnection;
    try {
      connection = (await runner.connect()) as PoolConnection;
    } catch (error) {
      throw mapConnectError(error);
    }
    const idleSince = this.#idle.get(connection);
    this.#idle.delete(connection);
    this.#lent.add(connection);
    const back = {
      release: (): void => {
        this.#lent.delete(connection);
        this.#idle.set(connection, Date.now());
        void runner.release();
      },
      destroy: (): void => {
        this.#lent.delete(connection);
        destroy(connection);
      },
    };
    const idleMs = idleSince === undefined ? null : Date.now() - idleSince;
    const session = new MysqlSession(connection, this.rules, back, idleMs);
    if (!this.#bornAt.has(connection)) await this.#welcome(connection, session);
    return session;
  }

  async #welcome(connection: PoolConnection, session: MysqlSession): Promise<void> {
    this.#bornAt.set(connection, Date.now());
    // the pool listens once only; a second error without a listener would end the process
    connection.on('error', () => this.#idle.delete(connection));
    connection.on('end', () => this.#idle.delete(connection));
    try {
      await session.pin();
    } catch (error) {
      session.destroy();
      throw mapConnectError(error);
    }
  }

  #sweep(): void {
    for (const [connection, since] of this.#idle) {
      if (this.figures.open <= this.options.keepSessions) return;
      if (Date.now() - since < this.options.idleMs) return;
      this.#idle.delete(connection);
      destroy(connection);
    }
  }
}

/** mysql2 only ends its half of the connection, which a server that is busy does not notice. */
function destroy(connection: PoolConnection): void {
  connection.destroy();
  (connection as unknown as { stream: { destroy(): void } }).stream.destroy();
}
