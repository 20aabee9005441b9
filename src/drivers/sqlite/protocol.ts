import type { Column } from '../cell';
import type { TableInfo } from '../table-info';

/** What a value looks like on the way from the child: a cell, except that raw JSON travels as a plain object. */
export type WireCell = null | boolean | number | string | { readonly raw: string };
export type WireRow = readonly WireCell[];

/** A parameter as SQLite binds it. */
export type BoundValue = null | bigint | number | string | Uint8Array;

export interface OpenMessage {
  readonly op: 'open';
  readonly file: string;
  readonly readOnly: boolean;
  readonly busyTimeoutMs: number;
  /** Opens the file for writing first, so that the journal of a killed writer is rolled back. */
  readonly recover?: boolean;
}

export interface QueryMessage {
  readonly op: 'query';
  readonly text: string;
  readonly values: readonly BoundValue[];
  readonly access: 'read' | 'write';
  /** Rows of the first batch at most. */
  readonly limit: number;
  /** Rows at most in all batches: the statement ends with the last of them, without another message. */
  readonly maxRows: number | null;
  /** Rows that a write may change, or it is undone; `null` for no limit. */
  readonly maxChangedRows: number | null;
  /** Relations the statement rests on; checked in its transaction. */
  readonly expects: readonly { readonly name: string; readonly version: string | null }[];
  /** All that the statement may read; `null`: anything. */
  readonly reads: readonly { readonly name: string; readonly columns: readonly string[] | null }[] | null;
  /** Key of the keyed hash; without it the function is refused. */
  readonly hashKey: Uint8Array | null;
}

export interface CatalogColumn {
  readonly name: string;
  /** As declared; empty for none. */
  readonly type: string;
  /** Place in the primary key from 1; 0 outside of it. */
  readonly key: number;
  readonly hidden: boolean;
  readonly generated: boolean;
}

/** A table or view as the catalog has it. */
export interface CatalogEntry {
  readonly name: string;
  readonly isView: boolean;
  /** The CREATE statement; empty for internal tables. */
  readonly sql: string;
  readonly rootPage: number;
  readonly columns: readonly CatalogColumn[];
  /** The name that the row id answers to, where rows have one that is not a column too. */
  readonly rowid: string | null;
  /** Tables whose rows a virtual or shadow table shows. */
  readonly sources: readonly string[];
  /** Tables that a virtual table reads for itself: its own shadow tables, and `sources` with theirs. */
  readonly companions: readonly string[];
  readonly version: string;
}

export type Request =
  | OpenMessage
  | QueryMessage
  | { readonly op: 'read'; readonly limit: number }
  | { readonly op: 'end' }
  | { readonly op: 'describe'; readonly names: readonly string[] }
  | { readonly op: 'introspect' };

export interface Batch {
  readonly rows: readonly WireRow[];
  /** Whether a cell of the rows is raw JSON. */
  readonly raw: boolean;
  readonly done: boolean;
  /** Set with the last batch of a write. */
  readonly affectedRows: number | null;
}

export interface Failure {
  /** Extended result code of SQLite; `null` for what the binding refused itself. */
  readonly code: number | null;
  readonly message: string;
  /** `expect`: a relation is no longer what the statement rests on. */
  readonly phase: 'open' | 'expect' | 'changes' | 'prepare' | 'bind' | 'step';
  /** What the authorizer refused: a write where only reading is allowed, or a construct by name. */
  readonly denied: string | null;
}

export interface Replies {
  open: { readonly version: string };
  query: Batch & { readonly columns: readonly Column[] };
  read: Batch;
  end: Record<string, never>;
  describe: { readonly entries: readonly (CatalogEntry | null)[] };
  introspect: { readonly tables: readonly TableInfo[] };
}

/** Sent before a statement runs: a process that dies without it has not run the statement. */
export interface Began {
  readonly began: true;
}

export type Reply<Op extends Request['op'] = Request['op']> =
  { readonly ok: true; readonly value: Replies[Op] } | { readonly ok: false; readonly failure: Failure };
