/** A procedure that a permission lists, with what an administrator says of it. Tables are `schema.table`. */
export interface ListedProcedure {
  /** `schema.name` */
  readonly procedure: string;
  readonly reads: readonly string[];
  /** Without any the call runs in a read-only transaction. */
  readonly writes: readonly string[];
}
