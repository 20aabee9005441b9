/**
 * What the account of a connection could do besides reading, if it had another client than this service. `true`: it could
 * change something that outlives its session or meets others; `false`: it only sees more than its grants on tables say.
 */
export const accountPowers = {
  /** Everything, files of the server included. */
  superuser: true,
  /** Create accounts, or hand out rights. */
  govern_accounts: true,
  create_databases: true,
  /** Create, change or drop tables, schemas and the like. */
  create_objects: true,
  /** Temporary tables: they fill the server's disk. */
  temporary_objects: true,
  write_tables: true,
  /** Advance or set sequences. */
  use_sequences: true,
  /** Owners keep what was revoked from them: they may grant it to themselves again. */
  own_objects: true,
  /** Stored programs that run with the rights of whoever made them. */
  definer_programs: true,
  /** Functions outside of the database's own checks: C, untrusted languages. */
  untrusted_programs: true,
  /** Built-in functions that write: large objects, messages in the log of changes, what was granted beside the defaults. */
  writing_functions: true,
  /** Files of the server's machine, or programs on it. */
  server_files: true,
  foreign_servers: true,
  /** Configuration, replication, backups, other sessions. */
  administer_server: true,
  lock_tables: true,
  /** Has roles or rights that could not be looked into. */
  unknown_rights: true,
  /** SQLite: the file is opened for writing. */
  writable_file: true,
  bypass_row_security: false,
  read_server_files: false,
} as const satisfies Record<string, boolean>;

export type AccountPowerCode = keyof typeof accountPowers;

export interface AccountPower {
  readonly code: AccountPowerCode;
  /** One sentence that names the objects, at most some of them. */
  readonly detail: string;
}

/** `null` when the server does not tell what the account may do. */
export function isProvablyReadOnly(account: readonly AccountPower[] | null): boolean | null {
  return account && account.every(({ code }) => !accountPowers[code]);
}
