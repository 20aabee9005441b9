import type { Client, Pool } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import type { ConnectOptions } from '../driver';
import { mapConnectError } from './map-error';
import { PreparedStatements } from './prepared-statements';
import { PostgresSession, type SessionPlace } from './session';

/** How long a session that was idle may take to answer before it is taken for dead. */
const pingWithinMs = 2_000;

/** What TypeORM's types hide: the only way to hand back a client that must not be used again. */
interface BreakableRunner extends QueryRunner {
  releasePostgresConnection(error: Error): Promise<void>;
}

/** Lends the sessions of a data source's pool. */
export class PostgresSessions {
  /** When each client was last given back. */
  readonly #idleSince = new WeakMap<Client, number>();
  readonly #prepared = new WeakMap<Client, PreparedStatements>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly place: SessionPlace,
    private readonly options: ConnectOptions,
  ) {}

  /** TypeORM drops its pool when it is closed. */
  get pool(): Pick<Pool, 'totalCount' | 'idleCount'> | undefined {
    return (this.dataSource.driver as unknown as { master?: Pool }).master;
  }

  /**
   * A session that has answered lately. Those that do not are closed one after the other, until the pool opens a new one.
   *
   * @throws AppError `connection.*`
   */
  async lend(): Promise<PostgresSession> {
    for (;;) {
      const session = await this.#take();
      const fresh = session.idleMs === null || session.idleMs <= this.options.prePingAfterMs;
      if (fresh || (await session.answers(pingWithinMs))) return session;
      session.destroy();
    }
  }

  async #take(): Promise<PostgresSession> {
    const startedAt = Date.now();
    const runner = this.dataSource.createQueryRunner() as BreakableRunner;
    let client: Client;
    try {
      client = (await runner.connect()) as Client;
    } catch (error) {
      throw mapConnectError(error, Date.now() - startedAt, this.options.connectTimeoutMs);
    }
    const idleSince = this.#idleSince.get(client);
    const back = {
      release: (): void => {
        this.#idleSince.set(client, Date.now());
        void runner.release();
      },
      destroy: (): void => {
        void runner.releasePostgresConnection(new Error('the session is not fit for use'));
      },
    };
    const idleMs = idleSince === undefined ? null : Date.now() - idleSince;
    const prepared = this.#prepared.get(client) ?? new PreparedStatements();
    this.#prepared.set(client, prepared);
    return new PostgresSession(client, this.place, back, idleMs, prepared);
  }
}
