import type { QueryMessage } from '../protocol';
import type { OpenDatabase } from './database';
import { FailureError } from './failure';

/**
 * A transaction around one statement that rests on the catalog: what was checked in it cannot change before its end,
 * because a reader sees one state of the file and a writer keeps others from writing. Statements that rest on nothing
 * run in a transaction of SQLite's own.
 */
export class CheckedTransaction {
  #open = false;

  /** @throws FailureError of the phase `expect` when a relation has another version */
  constructor(
    private readonly database: OpenDatabase,
    { access, expects }: QueryMessage,
  ) {
    if (expects.length === 0) return;
    this.#execute(access === 'write' ? 'begin immediate' : 'begin');
    this.#open = true;
    this.guard(() => {
      for (const { name, version } of expects) {
        if ((database.catalog.entry(name)?.version ?? null) === version) continue;
        throw new FailureError({ code: null, message: 'schema changed', phase: 'expect', denied: null });
      }
    });
  }

  /** Undoes everything when the work fails. */
  guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (this.#open && this.database.db.isTransaction) this.#execute('rollback');
      this.#open = false;
      throw error;
    }
  }

  /** Keeps what a write has done, as SQLite does at the end of a statement of its own. */
  end(): void {
    if (!this.#open) return;
    this.#open = false;
    // OR ROLLBACK ends the transaction itself
    if (!this.database.db.isTransaction) return;
    try {
      this.#execute('commit');
    } catch (error) {
      // a lock or a deferred foreign key: the transaction would stay open for whoever comes next
      if (this.database.db.isTransaction) this.#execute('rollback');
      throw error;
    }
  }

  #execute(text: string): void {
    this.database.authorizer.begin('internal');
    this.database.db.exec(text);
  }
}
