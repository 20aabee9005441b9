import type { FieldDef } from 'pg';

/** Statements kept by one session: enough for what a tool asks again and again, a bound for what is asked once. */
const maxPrepared = 100;

export interface PreparedStatement {
  readonly name: string;
  /** The columns as they were described; a prepared statement whose columns change fails (SQLSTATE 0A000). */
  readonly fields: readonly FieldDef[];
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

  clear(): void {
    this.#byText.clear();
  }
}
