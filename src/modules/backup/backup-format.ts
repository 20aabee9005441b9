export const BACKUP_FORMAT = 'sluice-backup';
export const BACKUP_VERSION = 1;

/** First line. */
export interface BackupHeader {
  readonly type: 'header';
  readonly format: typeof BACKUP_FORMAT;
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly schemaOnly: boolean;
  /** Names of the migrations that had been applied: they are the schema. */
  readonly migrations: readonly string[];
  /** Beginning of the oldest month of the record that is not empty. */
  readonly recordSince: string | null;
}

/** Before the rows of a table, which are lines of one JSON object each, as PostgreSQL prints them. */
export interface BackupTable {
  readonly type: 'table';
  readonly table: string;
  readonly columns: readonly string[];
}

/** Last line: a file without it was cut off. */
export interface BackupEnd {
  readonly type: 'end';
  readonly rows: Readonly<Record<string, number>>;
}
