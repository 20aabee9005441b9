import type { Statement } from './suite-entry';
import type { World } from './worlds';

/** Rows in the JSON forms of docs/types.md; `said` is everything else the server let slip: notices, an error. */
export interface BareAnswer {
  readonly ok: boolean;
  readonly rows: readonly (readonly unknown[])[];
  readonly columns: readonly string[];
  /** Rows that a write changed; `null` for a read. */
  readonly affected: number | null;
  readonly said: string;
}

/** The fixture of one engine on a real server, and a driver of the suite's own to ask it without the service. */
export interface Bench {
  readonly engine: string;
  /** Body of a connection to that world, without its name. */
  target(world: World): Record<string, unknown>;
  /** Names that stand in for themselves in both worlds, such as that of the database. */
  readonly aliases: Readonly<Record<World, readonly (readonly [string, string])[]>>;
  /** A cell in the form in which cells are compared; without it they are compared as they are. */
  form?(cell: unknown): unknown;
  /** Whether a row is one document: columns that the service makes of its members are put together again. */
  readonly documents?: boolean;
  /** Asks the server itself, in a transaction that is rolled back where the engine has them. */
  bare(world: World, statement: Statement, params?: readonly unknown[]): Promise<BareAnswer>;
  /** Asks a copy of world A in which views written by hand show what the policies leave. */
  masked(statement: Statement, params?: readonly unknown[]): Promise<BareAnswer>;
  /** Changes a copy of world A for good. */
  change(statement: Statement, params?: readonly unknown[]): Promise<BareAnswer>;
  /** A digest of everything the server holds. */
  digest(world: World | 'copy'): Promise<string>;
  close(): Promise<void>;
}
