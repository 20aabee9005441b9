import type { ClientConfig } from 'pg';
import { SteadyClient } from '../../common/steady-client';
import type { DataSource } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { ConnectOptions, QueryRequest, Source, TestReport } from '../driver';
import type { CallRequest } from '../procedure';
import { leadingKeyword } from '../leading-keyword';
import type { PooledEngine, RunningCall, RunningStatement } from '../pooled-source';
import { PostgresCall } from './call';
import type { PostgresConfig } from './config';
import { describeProcedures } from './describe-procedures';
import { describeRelations } from './describe-relations';
import { encodeParameter, needsType } from './encode-parameter';
import { introspect } from './introspect';
import { mapStatementError } from './map-error';
import { probe } from './probe';
import type { PostgresSession, SessionPlace } from './session';
import { PostgresSessions } from './sessions';
import { PostgresStatement } from './statement';
import { terminateBackend } from './terminate-backend';
import { typeLookUp, TypeRegistry, type TypeRow } from './type-registry';

/**
 * Statements that are about the session, the transaction or the client's files rather than about data. The driver
 * owns the session, and `COPY` and `PREPARE TRANSACTION` are allowed even in a read-only transaction.
 */
const refusedKeywords: ReadonlySet<string> = new Set(
  (
    'abort begin checkpoint close commit copy deallocate declare discard end execute fetch listen load lock move ' +
    'notify prepare release reset rollback savepoint set start unlisten'
  ).split(' '),
);

/** One PostgreSQL database behind a pool. */
export class PostgresEngine implements PooledEngine<PostgresSession> {
  readonly procedures = describeProcedures;
  readonly introspect = introspect;
  readonly describe = describeRelations;

  readonly #sessions: PostgresSessions;
  readonly #types: TypeRegistry;

  constructor(
    private readonly config: PostgresConfig,
    private readonly dataSource: DataSource,
    place: SessionPlace,
    private readonly client: ClientConfig,
    options: ConnectOptions,
  ) {
    this.#sessions = new PostgresSessions(dataSource, place, options);
    this.#types = new TypeRegistry((oids) => this.#lookUpTypes(oids));
  }

  refuse({ text }: QueryRequest): void {
    if (text.includes('\0')) throw new AppError('query.invalid_text', 'The statement holds a zero byte.');
    const keyword = leadingKeyword(text, { nested: true, mysql: false });
    if (refusedKeywords.has(keyword)) {
      throw new AppError(
        'query.unsupported',
        `${keyword.toUpperCase()} is about the session, which is not yours.`,
        {
          extra: { construct: keyword.toUpperCase() },
        },
      );
    }
  }

  lend(): Promise<PostgresSession> {
    return this.#sessions.lend();
  }

  figures(): { open: number; idle: number } {
    const { totalCount, idleCount } = this.#sessions.pool ?? { totalCount: 0, idleCount: 0 };
    return { open: totalCount, idle: idleCount };
  }

  async prepare(
    session: PostgresSession,
    request: QueryRequest,
    done: () => void,
  ): Promise<RunningStatement> {
    try {
      const values = await parameters(session, request);
      return new PostgresStatement(session, request, values, this.#types, done);
    } catch (error) {
      await session.giveBack(false);
      done();
      throw error;
    }
  }

  call(session: PostgresSession, request: CallRequest, done: () => void): RunningCall {
    const terminate = (): Promise<void> => terminateBackend(this.client, session.processId);
    return new PostgresCall(session, request, this.#types, terminate, done);
  }

  async test(source: Pick<Source, 'query'>, signal: AbortSignal): Promise<TestReport> {
    return probe(source, this.config, this.client.ssl !== false, signal);
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }

  /** Over a connection of its own: the session that asks is in the middle of its statement. */
  async #lookUpTypes(oids: readonly number[]): Promise<readonly TypeRow[]> {
    const client = new SteadyClient(this.client);
    try {
      await client.connect();
      const { rows } = await client.query<LookedUp>(typeLookUp(oids));
      return rows.map((row) => ({
        ...row,
        oid: Number(row.oid),
        base: Number(row.base),
        element: Number(row.element),
      }));
    } catch {
      // the columns are then described as `type <oid>` with the server's text
      return [];
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** OIDs have 32 unsigned bits; they come as text. */
type LookedUp = { [K in keyof TypeRow]: TypeRow[K] extends boolean ? boolean : string };

async function parameters(
  session: PostgresSession,
  request: QueryRequest,
): Promise<readonly (string | null)[]> {
  let types: readonly number[] = [];
  if (request.values.some(needsType)) {
    const startedAt = Date.now();
    types = await session.parameterTypes(request.text).catch((error: unknown) => {
      throw mapStatementError(error, Date.now() - startedAt, request.timeoutMs);
    });
  }
  return request.values.map((value, index) => encodeParameter(value, index, types[index]));
}
