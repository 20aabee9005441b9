import type { FieldDef } from 'pg';
import type { Column } from '../cell';
import type { RowsEncoder } from '../rows-encoder';
import type { PgType } from './builtin-types';
import type { WireRow } from './wire-row';

/** Statements kept by one session: enough for what a tool asks again and again, a bound for what is asked once. */
const maxPrepared = 100;

/** What follows from the columns of a statement; whoever runs it again need not make it again. */
export interface PreparedColumns {
  readonly columns: readonly Column[];
  readonly types: readonly PgType[];
  /** A session runs one statement at a time, so that nobody shares it. */
  readonly encoder: RowsEncoder<WireRow>;
}

export interface PreparedStatement {
  readonly name: string;
  /** The columns as they were described; a prepared statement whose columns change fails (SQLSTATE 0A000). */
  readonly fields: readonly FieldDef[];
  /** Once all of their types were known. */
  described?: PreparedColumns;
}

/** The prepared statements of one session, by text. `DISCARD ALL` drops them all. */
export class PreparedStatements {
  readonly #byText = new Map<string, PreparedStatement>();
  #made = 0;

  /** No room for another one: time to discard them. */
  get full(): boolean {
    return this.#byText.size >= maxPrepared;
  }

  find(text: string): PreparedStatement | null {
    return this.#byText.get(text) ?? null;
  }

  /** A name that no statement of the session has had. */
  newName(): string {
    this.#made += 1;
    return `sluice_${this.#made}`;
  }

  /** To be called once the server has answered for it. */
  keep(text: string, statement: PreparedStatement): void {
    this.#byText.set(text, statement);
  }

  /** A text of our own that is sent again and again: how to send it now, and what to do when the server has answered. */
  own(text: string): { readonly name: string; readonly prepared: boolean; readonly kept: () => void } {
    const known = this.find(text);
    if (known) return { name: known.name, prepared: true, kept: () => undefined };
    const name = this.newName();
    return { name, prepared: false, kept: () => this.keep(text, { name, fields: [] }) };
  }

  clear(): void {
    this.#byText.clear();
  }
}
