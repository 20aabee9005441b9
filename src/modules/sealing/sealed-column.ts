/** A jsonb column of the system database that holds sealed values, in a table with a uuid primary key `id`. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
}
