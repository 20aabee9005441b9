import { randomUUID } from 'node:crypto';
import type { Connection, mongo } from 'mongoose';
import { AppError } from '../../common/app-error';
import type { RelationDescription, RelationName } from '../../common/relation-description';
import { abortError } from '../abort';
import { isProvablyReadOnly, type AccountPower } from '../account-power';
import { accountWarnings } from '../account-warnings';
import type {
  ConnectOptions,
  Cursor,
  PoolFigures,
  QueryRequest,
  Source,
  TestReport,
  TestWarning,
} from '../driver';
import { SessionGate } from '../session-gate';
import type { TableInfo } from '../table-info';
import { writeTooLarge } from '../write-too-large';
import { buildCommand, explainCommand, type Command } from './command';
import { countChangesCommand } from './count-changes';
import { describeCollections, requireVersions } from './describe-collections';
import type { Document } from './encode-documents';
import { exactTypes, introspectCollections } from './introspect';
import { judgePrivileges } from './judge-privileges';
import { MongoCursor } from './mongo-cursor';
import { openClient } from './open-client';
import { parseOperation, writesDocuments, type Operation } from './operation';
import type { MongoConfig } from './parse-config';
import { countOf, readAnswer } from './read-answer';
import { readOnlyAccountScript } from './read-only-account';
import { RunningOperation } from './running-operation';

const BATCH = 1_000;
/** Of a result of any length, so that its first documents do not wait for a thousand. */
const FIRST_BATCH = 100;
const INTROSPECT_MS = 60_000;
const TEST_MS = 15_000;
const CATALOG_MS = 15_000;

export class MongoSource implements Source {
  readonly #gate: SessionGate;
  readonly #running = new Set<RunningOperation>();
  #open = 0;
  #control: Promise<Connection> | null = null;
  #closing: Promise<void> | null = null;

  private constructor(
    private readonly config: MongoConfig,
    private readonly options: ConnectOptions,
    private readonly connection: Connection,
  ) {
    this.#gate = new SessionGate(options.maxSessions, options.acquireTimeoutMs);
  }

  static async open(config: MongoConfig, options: ConnectOptions): Promise<MongoSource> {
    const pool = { min: 0, max: options.maxSessions };
    const source = new MongoSource(config, options, await openClient(config, options, pool));
    const client = source.connection.getClient();
    client.on('connectionCreated', () => (source.#open += 1));
    client.on('connectionClosed', () => (source.#open -= 1));
    return source;
  }

  async test(signal: AbortSignal): Promise<TestReport> {
    return this.#exclusive(signal, async (db, comment) => {
      const { version } = await db.command({ buildInfo: 1, comment, maxTimeMS: TEST_MS });
      const begun = performance.now();
      await db.command({ ping: 1, comment });
      const latencyMs = performance.now() - begun;
      const account = await this.#account(db);
      const script = readOnlyAccountScript(this.config, { username: 'sluice_reader' });
      const warnings = [...accountWarnings(account, script), ...tlsWarnings(this.config)];
      const readOnlyAccount = isProvablyReadOnly(account);
      return { serverVersion: String(version), latencyMs, readOnlyAccount, account, warnings };
    });
  }

  call(): Promise<never> {
    return Promise.reject(new AppError('query.unsupported', 'MongoDB has no stored procedures'));
  }

  procedures(): Promise<[]> {
    return Promise.resolve([]);
  }

  async query(request: QueryRequest, signal: AbortSignal): Promise<Cursor> {
    if (signal.aborted) throw abortError(signal);
    if (request.access === 'write' && this.options.readOnly) throw new AppError('query.read_only');
    if (request.values.length > 0) {
      throw new AppError('query.invalid_parameter', 'Operations of MongoDB take no parameters.');
    }
    const operation = parseOperation(request.text, request.access);
    if (request.explain === true) return this.#explain(operation, request, signal);
    const most = request.maxRows === undefined ? null : request.maxRows + 1;
    const comment = this.#comment();
    const maxTimeMS = Math.max(1, Math.ceil(request.timeoutMs));
    const batchSize = Math.min(most ?? BATCH, most === null || request.streamed ? FIRST_BATCH : BATCH);
    const { command, answer } = buildCommand(operation, { comment, maxTimeMS, batchSize, most });
    const running = await this.#begin(signal, comment);
    const check = (): Promise<void> =>
      requireVersions(this.#db(), request.expects ?? [], { comment, maxTimeMS: CATALOG_MS });
    // what is written cannot be taken back; a read is checked once the server has resolved its names, before any row
    const writes = writesDocuments(operation);
    if (writes) await running.exchange(check);
    if (writes && request.maxChangedRows !== undefined)
      await running.exchange(() =>
        this.#requireFewChanges(operation, request.maxChangedRows!, { comment, maxTimeMS }),
      );
    const checkAfter = writes ? () => Promise.resolve() : check;
    return answer === 'cursor'
      ? this.#stream(running, command, most, checkAfter)
      : this.#once(running, command, operation, most, checkAfter);
  }

  /** The server plans the command and answers without running it. */
  async #explain(
    operation: Operation,
    { access, expects = [], timeoutMs }: QueryRequest,
    signal: AbortSignal,
  ): Promise<Cursor> {
    if (access !== 'read' || writesDocuments(operation))
      throw new AppError('query.unsupported', 'MongoDB is asked for plans of reads only');
    const comment = this.#comment();
    const maxTimeMS = Math.max(1, Math.ceil(timeoutMs));
    const command = explainCommand(operation, { comment, maxTimeMS });
    const running = await this.#begin(signal, comment);
    const reply = await running.exchange(async () => {
      const answer = await this.#db().command(command, { ...exactTypes, signal: running.socketSignal });
      await requireVersions(this.#db(), expects, { comment, maxTimeMS: CATALOG_MS });
      return answer;
    });
    try {
      const { queryPlanner, stages } = reply;
      return new MongoCursor(running, [{ plan: JSON.stringify({ queryPlanner, stages }) }], null, 1);
    } finally {
      running.finish();
    }
  }

  async introspect(signal: AbortSignal): Promise<TableInfo[]> {
    return this.#exclusive(signal, (db, comment) => introspectCollections(db, INTROSPECT_MS, comment));
  }

  async describe(
    relations: readonly RelationName[],
    signal: AbortSignal,
  ): Promise<(RelationDescription | null)[]> {
    return this.#exclusive(signal, (db, comment) =>
      describeCollections(db, relations, { comment, maxTimeMS: CATALOG_MS }),
    );
  }

  pool(): PoolFigures {
    const { busy, waiting, max } = this.#gate;
    const open = Math.max(this.#open, busy);
    return { open, idle: open - busy, busy, waiting, max };
  }

  close(graceMs = 0, reason = new AppError('service.shutting_down')): Promise<void> {
    this.#closing ??= this.#close(graceMs, reason);
    return this.#closing;
  }

  /**
   * There is no statement to roll back here, so what would change is counted before; what others add between the count and
   * the change is not seen.
   */
  async #requireFewChanges(
    operation: Operation,
    most: number,
    guards: { comment: string; maxTimeMS: number },
  ): Promise<void> {
    const documents = operation['documents'] as readonly unknown[] | undefined;
    const command = countChangesCommand(operation, most, guards);
    const counted = command && countOf(await this.#db().command(command, exactTypes));
    if ((counted ?? documents?.length ?? 1) > most) throw writeTooLarge(most);
  }

  async #stream(
    operation: RunningOperation,
    command: Command,
    most: number | null,
    check: () => Promise<void>,
  ): Promise<Cursor> {
    const first = await operation.exchange(async () => {
      // the signal of its options is passed on, although the declared type does not list it
      const options = { ...exactTypes, signal: operation.socketSignal };
      const cursor = this.#db().runCursorCommand(command, options);
      cursor.setBatchSize(BATCH);
      cursor.setComment(command['comment']);
      operation.cursor = cursor;
      await cursor.hasNext();
      await check();
      return cursor.readBufferedDocuments() as Document[];
    });
    return new MongoCursor(operation, first, null, most);
  }

  async #once(
    running: RunningOperation,
    command: Command,
    operation: Operation,
    most: number | null,
    check: () => Promise<void>,
  ): Promise<Cursor> {
    const reply = await running.exchange(async () => {
      const answer = await this.#db().command(command, { ...exactTypes, signal: running.socketSignal });
      await check();
      return answer;
    });
    try {
      const { documents, affectedRows } = readAnswer(operation, reply);
      return new MongoCursor(running, documents, affectedRows, most);
    } finally {
      running.finish();
    }
  }

  async #exclusive<T>(signal: AbortSignal, work: (db: mongo.Db, comment: string) => Promise<T>): Promise<T> {
    if (signal.aborted) throw abortError(signal);
    const comment = this.#comment();
    const operation = await this.#begin(signal, comment);
    const result = await operation.exchange(() => work(this.#db(), comment));
    operation.finish();
    return result;
  }

  /** By which the server's list of operations tells this one from all others. */
  #comment(): string {
    return `${this.options.applicationName}:${randomUUID()}`;
  }

  async #begin(signal: AbortSignal, comment: string): Promise<RunningOperation> {
    await this.#gate.enter(signal);
    const operation = new RunningOperation({
      comment,
      signal,
      control: async () => (await this.#controlClient()).getClient(),
      onEnd: (ended) => {
        this.#running.delete(ended);
        this.#gate.leave();
      },
    });
    this.#running.add(operation);
    return operation;
  }

  #db(): mongo.Db {
    return this.connection.getClient().db(this.config.database);
  }

  /** Opened with the first stop, because most Sources never need it. */
  async #controlClient(): Promise<Connection> {
    this.#control ??= openClient(this.config, this.options, { min: 0, max: 2 });
    try {
      return await this.#control;
    } catch (error) {
      this.#control = null;
      throw error;
    }
  }

  async #account(db: mongo.Db): Promise<AccountPower[] | null> {
    try {
      return judgePrivileges(await db.command({ connectionStatus: 1, showPrivileges: true }));
    } catch {
      // servers that only speak the protocol may not have the command: then nothing is known
      return null;
    }
  }

  async #close(graceMs: number, reason: AppError): Promise<void> {
    this.#gate.close();
    if (!(await this.#gate.emptied(graceMs))) {
      await Promise.all([...this.#running].map((running) => running.stop(reason)));
    }
    await this.connection.close(true);
    const control = await this.#control?.catch(() => null);
    await control?.close(true);
    this.#open = 0;
  }
}

function tlsWarnings({ tls, hosts }: MongoConfig): TestWarning[] {
  const local = hosts.every((place) => /^(?:localhost|127\.[\d.]+|\[::1\]):\d+$/.test(place));
  if (tls.mode === 'disable') {
    return local ? [] : [{ code: 'tls_off', message: 'Passwords are hashed but the data travels readable.' }];
  }
  return tls.mode === 'verify-full'
    ? []
    : [{ code: 'tls_unverified', message: 'Nobody checks who answers.' }];
}
