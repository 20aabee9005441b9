import type { RelationName, RelationVersion } from '../common/relation-description';
import type { Column, Row } from './cell';

export type ParameterMode = 'in' | 'out' | 'inout';

/** What values of a type look like in JSON; only for choosing among procedures of one name. */
export type ValueKind = 'boolean' | 'number' | 'text' | 'array' | 'json' | 'other';

export interface ProcedureParameter {
  readonly name: string | null;
  readonly mode: ParameterMode;
  /** As the engine names it. */
  readonly type: string;
  readonly kind: ValueKind;
  /** It has a default. */
  readonly optional: boolean;
}

/** A stored procedure or function as the catalog has it. */
export interface ProcedureDescription extends RelationName {
  readonly kind: 'procedure' | 'function';
  /** In the order of the declaration; columns that a function returns (`RETURNS TABLE`) are parameters of mode `out`. */
  readonly parameters: readonly ProcedureParameter[];
  /** The type that a function returns; `null` for a procedure. */
  readonly returns: string | null;
  readonly returnsSet: boolean;
  /** It runs with the rights of its owner (`SECURITY DEFINER`), not with those of the connection's account. */
  readonly definerRights: boolean;
  /** Changes with whatever is said above, and when it is replaced. */
  readonly version: string;
}

/** By place, or by name. */
export type CallArguments = readonly unknown[] | Readonly<Record<string, unknown>>;

export interface CallRequest {
  readonly procedure: RelationName;
  /** In their JSON form; for parameters that take something in, and for no others. */
  readonly arguments: CallArguments;
  /** `read`: the call runs in a read-only transaction, and its server refuses whatever would write. */
  readonly access: 'read' | 'write';
  /** Rows that the caller reads at most, of all results together. */
  readonly maxRows?: number;
  /** See `QueryRequest`. */
  readonly maxChangedRows?: number;
  readonly timeoutMs: number;
  /** See `QueryRequest`. */
  readonly expects?: readonly RelationVersion[];
}

export interface ResultSet {
  /** The parameter that gave it, where one did. */
  readonly name: string | null;
  readonly columns: readonly Column[];
  /** As `Cursor.read`. */
  read(limit: number, soon?: boolean): Promise<Row[]>;
}

/** Values of OUT and INOUT parameters; of a function that returns one value, a column `return`. */
export interface OutValues {
  readonly columns: readonly Column[];
  readonly row: Row;
}

/**
 * The results of a call, one after another, as they are pulled. Disposing it before its end stops the call on the server
 * and undoes it.
 */
export interface CallResults extends AsyncDisposable {
  readonly procedure: ProcedureDescription;
  /**
   * The next result; what is left of the one before is skipped. `null`: there is no other one, the work is committed if it
   * was to write, and `out` and `affectedRows` are known.
   */
  next(): Promise<ResultSet | null>;
  readonly out: OutValues;
  /** Rows that a call which may write has changed, as far as the engine counts them; `null` for a read. */
  readonly affectedRows: number | null;
}

/** Results of one call; more are a loop that does not end. */
export const maxResultSets = 100;
/** Procedures that one look into a catalog gives. */
export const maxProcedures = 1_000;
