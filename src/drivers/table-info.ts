import type { CanonicalType } from './cell';

export interface ColumnInfo {
  readonly name: string;
  readonly type: CanonicalType;
  readonly nativeType: string;
  readonly nullable: boolean;
  /** Default expression as the server prints it. */
  readonly defaultExpression: string | null;
  readonly primaryKey: boolean;
  readonly comment: string | null;
}

export interface IndexInfo {
  readonly name: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
}

export interface ForeignKeyInfo {
  readonly name: string;
  readonly columns: readonly string[];
  readonly referencedSchema: string | null;
  readonly referencedTable: string;
  readonly referencedColumns: readonly string[];
}

/** One table, view or collection as the server's catalog describes it. */
export interface TableInfo {
  /** `null` where the engine has no schemas. */
  readonly schema: string | null;
  readonly name: string;
  readonly kind: 'table' | 'view' | 'materialized_view' | 'foreign_table' | 'collection';
  readonly comment: string | null;
  /** The server's estimate; `null` when it has none. */
  readonly rowEstimate: number | null;
  readonly columns: readonly ColumnInfo[];
  readonly indexes: readonly IndexInfo[];
  readonly foreignKeys: readonly ForeignKeyInfo[];
}
