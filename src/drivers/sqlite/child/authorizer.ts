import { constants } from '@photostructure/sqlite';
import { keyedHashFunction } from '../../../common/keyed-hash-function';
import type { KeyedHash } from './keyed-hash';

export type Mode = 'read' | 'write' | 'internal';

/** Functions that reach out of the database or hand out what belongs to the process; most are not even compiled in. */
const deniedFunctions = new Set([
  'load_extension',
  'readfile',
  'writefile',
  'edit',
  'fsdir',
  'lsdir',
  'fts3_tokenizer',
  'sqlite_log',
  'sqlite_compileoption_get',
  'sqlite_compileoption_used',
  'sqlite_source_id',
]);

const reads = new Set([
  constants.SQLITE_SELECT,
  constants.SQLITE_READ,
  constants.SQLITE_FUNCTION,
  constants.SQLITE_RECURSIVE,
]);

/** What a write may do. Whatever is temporary would outlive the statement on its session, and meet other callers. */
const writes = new Set([
  constants.SQLITE_INSERT,
  constants.SQLITE_UPDATE,
  constants.SQLITE_DELETE,
  constants.SQLITE_CREATE_TABLE,
  constants.SQLITE_CREATE_INDEX,
  constants.SQLITE_CREATE_VIEW,
  constants.SQLITE_CREATE_TRIGGER,
  constants.SQLITE_CREATE_VTABLE,
  constants.SQLITE_DROP_TABLE,
  constants.SQLITE_DROP_INDEX,
  constants.SQLITE_DROP_VIEW,
  constants.SQLITE_DROP_TRIGGER,
  constants.SQLITE_DROP_VTABLE,
  constants.SQLITE_ALTER_TABLE,
  constants.SQLITE_REINDEX,
  constants.SQLITE_ANALYZE,
]);

export type Reads = ReadonlyMap<string, ReadonlySet<string> | null>;

const fold = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const rows = new Set([constants.SQLITE_INSERT, constants.SQLITE_UPDATE, constants.SQLITE_DELETE]);

const names: Readonly<Record<number, string>> = {
  [constants.SQLITE_PRAGMA]: 'PRAGMA',
  [constants.SQLITE_ATTACH]: 'ATTACH or VACUUM',
  [constants.SQLITE_DETACH]: 'DETACH',
  [constants.SQLITE_TRANSACTION]: 'Controlling the transaction',
  [constants.SQLITE_SAVEPOINT]: 'SAVEPOINT',
};

/**
 * The authorizer of SQLite (https://sqlite.org/c3ref/set_authorizer.html) asks before each access while a statement is
 * compiled. Only what is listed is allowed, whatever the text looks like.
 */
export class Authorizer {
  mode: Mode = 'internal';
  /** The first thing refused since `begin`: `write`, or the construct. */
  denied: string | null = null;
  /** Whether the statement changes rows of tables, so that a count of them means something. */
  changesRows = false;
  /** Folded names of what may be read, with their columns; `null`: anything. */
  reads: Reads | null = null;

  constructor(private readonly hash: KeyedHash) {}

  begin(mode: Mode): void {
    this.mode = mode;
    this.denied = null;
    this.changesRows = false;
  }

  readonly decide = (
    action: number,
    first: string | null,
    second: string | null,
    database: string | null,
  ): number => {
    if (this.mode === 'internal') return constants.SQLITE_OK;
    const refused = this.#refusal(action, first, second, database);
    if (refused === null) return constants.SQLITE_OK;
    this.denied ??= refused;
    return constants.SQLITE_DENY;
  };

  #mayRead(table: string | null, column: string | null, database: string | null): boolean {
    if (this.reads === null || database !== 'main') return true;
    const columns = this.reads.get(fold(table ?? ''));
    // https://sqlite.org/c3ref/set_authorizer.html: no column is named when only rows are counted, and no database either
    // where the text names none, because the name may be that of a CTE
    return (
      columns === null || columns?.has(fold(column ?? '')) === true || (columns !== undefined && !column)
    );
  }

  #refusal(
    action: number,
    first: string | null,
    second: string | null,
    database: string | null,
  ): string | null {
    if (action === constants.SQLITE_FUNCTION) {
      const name = (second ?? '').toLowerCase();
      const denied = deniedFunctions.has(name) || (name === keyedHashFunction && this.hash.key === null);
      return denied ? `The function ${name}` : null;
    }
    if (action === constants.SQLITE_READ && !this.#mayRead(first, second, database))
      return 'Reading what the statement was not planned to read';
    if (reads.has(action)) return null;
    // full-text search looks at this counter to see whether its cache is stale
    if (action === constants.SQLITE_PRAGMA && first === 'data_version' && second === null) return null;
    if (!writes.has(action)) return names[action] ?? 'Something temporary';
    if (this.mode === 'read') return 'write';
    if (database === 'temp') return 'Something temporary';
    if (rows.has(action) && !(first ?? '').toLowerCase().startsWith('sqlite_')) this.changesRows = true;
    return null;
  }
}
