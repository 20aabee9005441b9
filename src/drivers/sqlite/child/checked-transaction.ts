import type { QueryMessage } from '../protocol';
import type { OpenDatabase } from './database';
import { FailureError } from './failure';

/**
 * A transaction around one statement that rests on the catalog, or that may change so many rows and no more: what was
 * checked in it cannot change before its end, because a reader sees one state of the file and a writer keeps others from
 * writing. Other statements run in a transaction of SQLite's own.
 */
export class CheckedTransaction {
  #open = false;
  readonly #maxChangedRows: number | null;
  #changedBefore = 0;

  /** @throws FailureError of the phase `expect` when a relation has another version */
  constructor(
    private readonly database: OpenDatabase,
    { access, expects, maxChangedRows }: QueryMessage,
  ) {
    this.#maxChangedRows = maxChangedRows;
    if (expects.length === 0 && maxChangedRows === null) return;
    this.#execute(access === 'write' ? 'begin immediate' : 'begin');
    this.#open = true;
    if (maxChangedRows !== null) this.#changedBefore = this.#totalChanges();
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
      this.#requireFewChanges();
      this.#execute('commit');
    } catch (error) {
      // a lock or a deferred foreign key: the transaction would stay open for whoever comes next
      if (this.database.db.isTransaction) this.#execute('rollback');
      throw error;
    }
  }

  /** Triggers and foreign keys count too (https://sqlite.org/lang_corefunc.html#total_changes). */
  #totalChanges(): number {
    this.database.authorizer.begin('internal');
    return Number(this.database.db.prepare('select total_changes() as n').get()?.['n']);
  }

  #requireFewChanges(): void {
    const most = this.#maxChangedRows;
    if (most === null || this.#totalChanges() - this.#changedBefore <= most) return;
    throw new FailureError({ code: null, message: String(most), phase: 'changes', denied: null });
  }

  #execute(text: string): void {
    this.database.authorizer.begin('internal');
    this.database.db.exec(text);
  }
}
