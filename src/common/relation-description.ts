/** A relation as a database's catalog spells it; `schema` is `null` where the engine has none. */
export interface RelationName {
  readonly schema: string | null;
  readonly name: string;
}

/** As permissions and sentences write it: not quoted. */
export function fullName({ schema, name }: RelationName): string {
  return schema === null ? name : `${schema}.${name}`;
}

/** The same for the same relation, and for no other. */
export function relationKey({ schema, name }: RelationName): string {
  return JSON.stringify([schema, name]);
}

export interface DescribedColumn {
  readonly name: string;
  /** The type in words that a cast of the dialect takes: `character varying(20)`, `numeric(10,2)`. */
  readonly type: string;
  /** Whether values are character strings; a mask of such a column may answer with a string. */
  readonly textual: boolean;
  /** Whether `SELECT *` gives it: not the invisible columns of MySQL nor the hidden ones of SQLite. */
  readonly visible: boolean;
  /** Whether the database computes it from other columns of the row; omitted for no. */
  readonly generated?: boolean;
  /** Columns of the row that the database computes it from, at any distance; where that is known. */
  readonly computedFrom?: readonly string[];
}

/** What binding and rewriting need to know of a table, view or collection. */
export interface RelationDescription extends RelationName {
  readonly kind: 'table' | 'view' | 'materialized_view' | 'foreign_table' | 'collection';
  /** In the order in which `SELECT *` gives them; empty for schemaless engines. */
  readonly columns: readonly DescribedColumn[];
  readonly primaryKey: readonly string[];
  /**
   * What a view or materialised view reads: its SELECT with every relation qualified, or Extended JSON
   * `{"viewOn": …, "pipeline": […]}` for MongoDB. `null` for everything else, and for a view that the account may
   * not look into.
   */
  readonly definition: string | null;
  /** The default collation of a MongoDB collection or view as Extended JSON; absent where it compares bytes. */
  readonly collation?: string;
  /** Tables it is a partition of or inherits from, at any distance; their policies hold for it too. */
  readonly ancestors: readonly RelationName[];
  /** Tables whose rows it shows because they are its partitions or inherit from it, at any distance. */
  readonly descendants: readonly RelationName[];
  /** Changes whenever anything above changes, and when the relation is dropped and created again. */
  readonly version: string;
}

/** What a statement may read of a relation; `null`: every column. */
export interface RelationReads extends RelationName {
  readonly columns: readonly string[] | null;
}

/** What a plan rests on: the version of a relation, or `null` for "there is none of this name". */
export interface RelationVersion extends RelationName {
  readonly version: string | null;
}
