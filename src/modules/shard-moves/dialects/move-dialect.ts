import type { MoveColumn, MoveRange, MoveTable } from '../move-table';

/** Adds a value and gives the placeholder that stands for it in the text. */
export type Bind = (value: unknown) => string;

/** How an engine writes what a move needs. Expressions are of the one table of their statement. */
export interface MoveDialect {
  table(table: Pick<MoveTable, 'schema' | 'name'>): string;
  quote(name: string): string;
  placeholder(position: number): string;
  /** The value in a form that `bind` takes back without any loss. */
  read(column: MoveColumn): string;
  /** An expression that makes the stored value of a placeholder. */
  bind(column: MoveColumn, placeholder: string): string;
  /**
   * SHA-256 in hexadecimal digits of values; alike on two servers exactly when the values are. It never depends on how a
   * collation compares.
   */
  digest(columns: readonly MoveColumn[]): string;
  /** `digits` of a digest, behind the first `skip`, as a whole number; 15 at most. */
  number(digest: string, skip: number, digits: number): string;
  /** Rows of the range and no others: by the bytes of the key, whatever the collation takes for equal. */
  inRange(table: MoveTable, range: MoveRange, bind: Bind): string;
  /** Rows behind one in the order of `columns`. */
  after(columns: readonly MoveColumn[], values: readonly unknown[], bind: Bind): string;
  text(expression: string): string;
  /** An INSERT that leaves alone what is there, whoever it belongs to. */
  insert(table: MoveTable, rows: readonly string[]): string;
  deleteSome(table: MoveTable, condition: string, limit: number): string;
}
