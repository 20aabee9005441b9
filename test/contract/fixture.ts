import type { Column, Row } from '../../src/drivers/cell';
import type { ConnectionInput, Driver } from '../../src/drivers/driver';
import type { RelationDescription, RelationName } from '../../src/common/relation-description';
import type { CallRequest } from '../../src/drivers/procedure';
import type { TableInfo } from '../../src/drivers/table-info';
import type { ErrorCode } from '../../src/common/errors/catalog';

/** A statement in the engine's own language with its parameters. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** A real server with a database of its own that one contract run may fill, break and throw away. */
export interface ContractServer {
  /** Describes an account that may write. `password` must be the fixture's `secret` where the engine has passwords. */
  readonly input: ConnectionInput;
  /** How many statements run on the server now whose text holds the marker, asked past the driver; `null`: unknowable. */
  running(marker: string): Promise<number | null>;
  /** Ends every session of the driver on the server, as a restart would. */
  killSessions(): Promise<void>;
  stop(): Promise<void>;
}

/** What the contract suite needs to know of an engine; the statements are in the engine's language. */
export interface DriverFixture {
  readonly name: string;
  load(): Promise<Driver>;
  start(): Promise<ContractServer>;
  /** A value that must be found in no error and in no public configuration; `null` where the engine has no secrets. */
  readonly secret: string | null;

  /** Rows whose first cell is 1, 2, … `count` as number or digits; at least a million are possible. */
  series(count: number): Statement;
  /** Runs for at least 30 seconds unless stopped, without a row before; its text holds the marker. */
  slow(marker: string): Statement;
  /** A never-ending or very long stream of rows whose text holds the marker. */
  endless(marker: string): Statement;

  /** Statements with their exact outcome. */
  readonly exact: readonly {
    readonly name: string;
    readonly statement: Statement;
    readonly columns: readonly Column[];
    readonly rows: readonly Row[];
  }[];
  /** A statement with parameters and its rows. */
  readonly parameters: { readonly statement: Statement; readonly rows: readonly Row[] };
  /** No rows; the names of its columns (`[]` where a schemaless engine cannot know them). */
  readonly empty: { readonly statement: Statement; readonly columns: readonly string[] };
  /** Two result columns of one name; `null` where the engine has no such thing. */
  readonly duplicates: {
    readonly statement: Statement;
    readonly names: readonly string[];
    readonly row: Row;
  } | null;

  /** Statements that fail, with the exact code, the 1-based position and the SQLSTATE where the engine gives them. */
  readonly failing: readonly {
    readonly name: string;
    readonly statement: Statement;
    readonly code: ErrorCode;
    /** It fails behind more rows than a short read takes. */
    readonly late?: boolean;
    readonly position?: number;
    readonly sqlState?: string;
    /** Text that the message must not hold because it comes out of the database. */
    readonly hidden?: string;
  }[];
  /** Refused by the driver or the server itself when the access is `read`. */
  readonly writes: readonly Statement[];
  /** Adds `affected` rows to what `written` counts in its first cell. */
  readonly write: { readonly statement: Statement; readonly affected: number; readonly written: Statement };
  /** Two statements in one text, the second one harmful; `[]` where the language cannot say that. */
  readonly multiple: readonly Statement[];

  /** Changes to the input that must fail with exactly this code when connecting. */
  readonly wrong: readonly {
    readonly name: string;
    readonly input: (input: ConnectionInput) => ConnectionInput | Promise<ConnectionInput>;
    readonly code: ErrorCode;
  }[];
  /** Inputs that `parseConfig` refuses, with the JSON Pointers it names. */
  readonly invalid: readonly { readonly input: ConnectionInput; readonly paths: readonly string[] }[];

  /** What `Source.describe` says of relations that `start` made; their versions are not compared. */
  readonly described?: readonly Omit<RelationDescription, 'version'>[];
  /**
   * Statements of a writer, each of which changes the version of the relation; `reads` works before and after each, and
   * `relation` may be missing from `described`.
   */
  readonly changing?: {
    readonly relation: RelationName;
    readonly reads: Statement;
    readonly changes: readonly Statement[];
  };

  /** A procedure that `start` made, which gives values and one result; or the words of the refusal. */
  readonly procedure:
    | {
        readonly request: Pick<CallRequest, 'procedure' | 'arguments'>;
        readonly out: Readonly<Record<string, unknown>>;
        readonly rows: readonly Row[];
      }
    | { readonly refused: string };

  /** A table that `start` made, as it must be introspected; the estimate is not compared. */
  readonly table: Omit<TableInfo, 'rowEstimate'>;
}
