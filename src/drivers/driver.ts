import type { AppError } from '../common/app-error';
import type { Dialect } from '../common/dialect';
import type {
  RelationDescription,
  RelationName,
  RelationReads,
  RelationVersion,
} from '../common/relation-description';
import type { AccountPower } from './account-power';
import type { Column, Row } from './cell';
import type { CallRequest, CallResults, ProcedureDescription } from './procedure';
import type { EncodedRows, RowLayout } from './row-layout';
import type { TableInfo } from './table-info';

export const connectionTypes = [
  'postgresql',
  'mysql',
  'mariadb',
  'sqlite',
  'mongodb',
  'redis',
  'mssql',
  'oracle',
] as const;
export type ConnectionType = (typeof connectionTypes)[number];

export type { Dialect };

/** What an engine can do. Declared here, proved both ways by the contract suite. */
export interface Capabilities {
  /** Tables live in schemas: names are `schema.table`. */
  readonly schemas: boolean;
  readonly readOnlyTransactions: boolean;
  /** A running statement can be stopped on the server. */
  readonly cancel: boolean;
  /** Rows are pulled from the server as they are read, not collected first. */
  readonly cursors: boolean;
  /** How parameters are written: `$1`, `?`, or none. */
  readonly parameters: 'numbered' | 'positional' | 'none';
  readonly writes: boolean;
  readonly explain: boolean;
  /** Rows need not share columns; the columns of a cursor may grow while it is read. */
  readonly schemaless: boolean;
  /** Stored procedures and functions can be called by name: `Source.call`. */
  readonly procedures: boolean;
}

/** One member of `ssl` or `options` that a connection of this engine understands. */
export interface OptionDescription {
  readonly name: string;
  readonly type: 'string' | 'number' | 'boolean' | 'string[]';
  readonly description: string;
  readonly default?: string | number | boolean;
}

/** `verify-full` checks chain and name, `verify-ca` the chain, `require` encrypts without checking who answers. */
export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

export interface TlsConfig {
  readonly mode: TlsMode;
  /** PEM texts. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name the certificate must carry, where it differs from the host. */
  readonly servername?: string;
}

/** A server with a copy of the same database; account, database and TLS are those of the connection. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** What a client sends to describe a connection; `parseConfig` of the driver says what of it is understood. */
export interface ConnectionInput {
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly username?: string;
  readonly password?: string;
  readonly ssl?: boolean | Partial<TlsConfig>;
  readonly connectionString?: string;
  /** Further servers of the same database; a `port` that is not given is that of the connection. */
  readonly replicas?: readonly (Omit<ServerAddress, 'port'> & Partial<ServerAddress>)[];
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Resolves a host name under the address policy; throws `connection.address_denied` or `connection.host_not_found`. */
export type ResolveHost = (hostname: string) => Promise<{ address: string; family: 4 | 6 }>;

export interface ConnectOptions {
  /** Most sessions open at once. */
  readonly maxSessions: number;
  /** Sessions kept open while the Source lives; those above it are closed after `idleMs`. */
  readonly keepSessions: number;
  /** Milliseconds a surplus session may idle. */
  readonly idleMs: number;
  /** Milliseconds after which a session is replaced when it is next free. */
  readonly recycleMs: number;
  /** A session idle for longer than this is asked to answer before it is used. */
  readonly prePingAfterMs: number;
  readonly connectTimeoutMs: number;
  /** Longest wait for a free session before `connection.pool_exhausted`. */
  readonly acquireTimeoutMs: number;
  /** The connection is registered as read-only: nothing may be written whatever the request says. */
  readonly readOnly: boolean;
  /** Name the service shows in the server's list of sessions. */
  readonly applicationName: string;
  readonly resolveHost: ResolveHost;
  /** Checks that a file may be opened and gives its real path; throws `connection.address_denied`. */
  readonly resolveFile: (path: string) => Promise<string>;
}

export interface PoolFigures {
  readonly open: number;
  readonly idle: number;
  readonly busy: number;
  readonly waiting: number;
  readonly max: number;
}

/** A remark of the connection test that is not a failure, with the statements that would mend it. */
export interface TestWarning {
  readonly code:
    | 'account_can_write'
    | 'account_is_superuser'
    | 'account_unverified'
    | 'tls_off'
    | 'tls_unverified'
    | 'replica_not_comparable'
    | 'replica_foreign';
  readonly message: string;
  readonly statements?: readonly string[];
}

export interface TestReport {
  readonly serverVersion: string;
  /** Round trip of one small statement on an open session. */
  readonly latencyMs: number;
  /** Whether the account itself cannot write; `null` when the engine has no accounts (SQLite) or does not tell. */
  readonly readOnlyAccount: boolean | null;
  /** What the account could do besides reading, were it not for this service; `null` when the engine does not tell. */
  readonly account: readonly AccountPower[] | null;
  readonly warnings: readonly TestWarning[];
}

export interface QueryRequest {
  /** The statement as it is sent; for MongoDB the operation as Extended JSON text. */
  readonly text: string;
  /** Parameters in their JSON form. */
  readonly values: readonly unknown[];
  readonly access: 'read' | 'write';
  /**
   * Rows the caller reads at most, if it knows: one more is fetched at most, and the driver may end the statement
   * in the same flight. Omitted: a cursor of any length.
   */
  readonly maxRows?: number;
  /**
   * Rows that a write may change, triggers and cascades counted where the engine tells. One that changes more is rolled
   * back before its COMMIT, and fails with `query.write_too_large`.
   */
  readonly maxChangedRows?: number;
  /** The rows are passed on as they come: the first must not wait for many others. */
  readonly streamed?: boolean;
  /** Milliseconds the server itself may spend, as a second guard behind the signal. */
  readonly timeoutMs: number;
  /**
   * The analysis has shown that the statement is a plain read that calls nothing but built-ins which only compute. The
   * driver may then clean its session in a cheaper way, and keep the statement prepared.
   */
  readonly stateless?: boolean;
  /**
   * Versions that relations must still have when the statement runs, in the statement's own transaction and after the
   * server has resolved its names; the run rejects with `query.schema_changed` otherwise, before any row is given.
   */
  readonly expects?: readonly RelationVersion[];
  /** All that the statement may read, where that is known; engines that ask before each access refuse the rest (SQLite). */
  readonly reads?: readonly RelationReads[];
  /**
   * Key of the keyed hash that a rewritten statement may call, for engines that lack the function (SQLite): it must not
   * stand in the text. Other engines ignore it.
   */
  readonly hashKey?: Uint8Array;
  /**
   * The plan of a read is asked for, which is not run, where the engine has no statement for that (MongoDB): one row with one
   * column `plan`, the answer of the server as JSON text. Engines that have one ignore it: there the text says so.
   */
  readonly explain?: boolean;
  /**
   * Of a read: a replica may answer it that has everything up to these positions. Omitted: only a primary. Sources on one
   * server ignore it.
   */
  readonly replica?: { readonly after: readonly string[] };
}

export type ServerRole = 'primary' | 'replica';

/**
 * Rows pulled from the server. Disposing it before its end stops the statement on the server; disposing it twice
 * is harmless.
 */
export interface Cursor extends AsyncDisposable {
  /** For schemaless engines these may grow with every read. */
  readonly columns: readonly Column[];
  /**
   * Up to `limit` rows; fewer (or none) only at the end.
   * @param soon does not wait for `limit` rows: gives what has arrived as soon as there is any; none only at the end
   */
  read(limit: number, soon?: boolean): Promise<Row[]>;
  /**
   * The same rows as JSON text, made of the bytes that the server has sent: for who only passes them on. A cursor that has
   * it knows its columns from the start.
   */
  encode?(layout: RowLayout, limit: number, soon?: boolean): Promise<EncodedRows>;
  /** Rows a write changed, once the end is reached; `null` for reads. */
  readonly affectedRows: number | null;
  /** Which server answers; only where a connection has several. */
  readonly servedBy?: ServerRole;
  /** Whether it is known how old the answer may be: it is not without a primary to measure by. */
  readonly bounded?: boolean;
}

/**
 * `lagging`: past the limit; `no_position`: it does not tell how far it is; `astray`: it has what the primary has not;
 * `foreign`: it holds another database.
 */
export type ReasonLeftOut = 'lagging' | 'no_position' | 'astray' | 'foreign';

/** One of the servers behind a Source, as it was last seen. */
export interface ServerFigures extends ServerAddress {
  /** `null` until it was seen; `disputed`: it takes writes, and so does another one. */
  readonly role: ServerRole | 'disputed' | null;
  readonly state: 'up' | 'down';
  /** Code of the failure while it is down. */
  readonly code: string | null;
  /** Why a replica that is up is not read from. */
  readonly leftOut: ReasonLeftOut | null;
  readonly since: Date;
  /** Milliseconds for which a replica may lack what the primary has; `null` when it cannot be told. */
  readonly lagMs: number | null;
  /** Statements under way. */
  readonly outstanding: number;
  readonly pool: PoolFigures | null;
}

/**
 * An open pool on a connection. Every method obeys its signal: the work is stopped **on the server** over a session
 * of its own, that stop is awaited, and only then is the session reused or destroyed; the method then rejects with
 * `query.timeout` or `query.cancelled` (see `abortError`).
 */
export interface Source {
  test(signal: AbortSignal): Promise<TestReport>;
  query(request: QueryRequest, signal: AbortSignal): Promise<Cursor>;
  /**
   * Calls a stored procedure or function in a transaction of its own. Its signature is read in that transaction, and the
   * text of the call is made of it: `query.schema_changed` when it was replaced meanwhile, and nothing of the call remains.
   *
   * @throws AppError `query.unsupported` where the engine has no such thing
   */
  call(request: CallRequest, signal: AbortSignal): Promise<CallResults>;
  /**
   * Signatures of all procedures and functions of these names, or of all that are not the server's own; at most
   * `maxProcedures`.
   */
  procedures(names: readonly RelationName[] | null, signal: AbortSignal): Promise<ProcedureDescription[]>;
  introspect(signal: AbortSignal): Promise<TableInfo[]>;
  /** The catalog on some relations, past all caches, in the order asked; `null` where there is none of that name. */
  describe(relations: readonly RelationName[], signal: AbortSignal): Promise<(RelationDescription | null)[]>;
  pool(): PoolFigures;
  /** The servers, where there are several; the one that the connection names first is the first. */
  servers?(): readonly ServerFigures[];
  /** A position that covers every write which the primary has confirmed before the call; `null` when it does not tell. */
  written?(): Promise<string | null>;
  /**
   * Waits up to `graceMs` for running work, then stops it, which rejects with `reason` (`service.shutting_down` unless
   * given), and closes every session. Safe to call twice.
   */
  close(graceMs?: number, reason?: AppError): Promise<void>;
}

/** What is known of an engine without loading its driver. */
export interface DriverDescription {
  readonly type: ConnectionType;
  readonly label: string;
  readonly dialect: Dialect | null;
  /** The npm package that speaks to the server. */
  readonly driverPackage: string;
  readonly capabilities: Capabilities;
  readonly defaultPort: number | null;
  readonly options: readonly OptionDescription[];
}

/** What one of several servers says of itself. */
export interface ServerStanding {
  /** It takes writes: it is the primary, or takes itself for it. */
  readonly writable: boolean;
  /** How far it is in what is replicated; `null` when it does not tell, and then nothing may rest on it. */
  readonly position: string | null;
  /** Covers every write that it has confirmed before it was asked; `null` where it takes none, or does not tell. */
  readonly written: string | null;
}

/** How copies of a database of this engine are told apart and compared. Positions are the engine's own text. */
export interface Replication {
  standing(source: Pick<Source, 'query'>, signal: AbortSignal): Promise<ServerStanding>;
  /** The same for all copies of one database; `null` where the engine has no such thing or does not tell. */
  lineage(source: Pick<Source, 'query'>, signal: AbortSignal): Promise<string | null>;
  /** Whether who is at `position` has everything up to `wanted`. */
  readonly covers: (position: string, wanted: string) => boolean;
  /** What of versions told by one server must hold on another. */
  portable(versions: readonly RelationVersion[]): readonly RelationVersion[];
}

/** The code for one engine. `Config` is what `parseConfig` understood; it is what gets sealed. */
export interface Driver<Config = unknown> {
  readonly description: DriverDescription;
  /** @throws AppError `connection.invalid_config` with a `FieldError` for each member that is wrong. */
  parseConfig(input: ConnectionInput): Config;
  /** The config without anything secret, for answers and logs. */
  publicConfig(config: Config): ConnectionInput;
  /** Opens a Source after one session could be opened; rejects with a `connection.*` error. */
  connect(config: Config, options: ConnectOptions, signal: AbortSignal): Promise<Source>;
  /** Statements that create an account which can only read; `null` when the engine has no accounts. */
  readOnlyAccountScript(config: Config, account: { username: string }): readonly string[] | null;
  /** One config for each server that the connection names, the first one first. Omitted: there is only ever one. */
  servers?(config: Config): readonly (Config & ServerAddress)[];
  readonly replication?: Replication;
}
