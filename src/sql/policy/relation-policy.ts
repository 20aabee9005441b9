/**
 * How a value is shown instead of itself. A NULL stays NULL in every kind; letters are code points.
 *
 * - `email`: `al***@example.com`; of a local part of two letters one is shown, of one none; without an `@` it is `***`
 * - `phone`: the first 3 and the last 4 around `***`; `***` when it has fewer than 10 letters
 * - `card_number`: the first 4 and the last 4 around `***`; `***` when it has fewer than 12 letters
 * - `name`: the first letter and `***`
 * - `full`: `***` for character strings, NULL of the column's type for everything else
 * - `hash`: HMAC-SHA-256 of the text form under a key of the connection, 64 hexadecimal digits: equal values stay equal
 * - `null`: NULL of the column's type
 * - `expression`: the administrator's own SQL expression over the columns of the table
 */
export const maskKinds = [
  'email',
  'phone',
  'card_number',
  'name',
  'full',
  'hash',
  'null',
  'expression',
] as const;
export type MaskKind = (typeof maskKinds)[number];

export type ColumnPolicy =
  | { readonly rule: 'deny' }
  | { readonly rule: 'mask'; readonly mask: Exclude<MaskKind, 'expression'> }
  | { readonly rule: 'mask'; readonly mask: 'expression'; readonly expression: string };

/** All that holds for one viewer on one relation: exemptions are already taken out, roles already looked up. */
export interface RelationPolicy {
  /** Boolean expressions of the dialect over the columns of the relation; a row is shown where all of them are true. */
  readonly rowFilters: readonly string[];
  /** By the column's name as the catalog spells it. A name that the relation does not have refuses the relation. */
  readonly columns: ReadonlyMap<string, ColumnPolicy>;
}
