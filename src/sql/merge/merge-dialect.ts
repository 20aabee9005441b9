/** What of a merge depends on the dialect. */
export interface MergeDialect {
  /** Names that are the same to the server are the same. */
  readonly fold: (name: string) => string;
  /** Whether a text may stand in the statement once more without taking another parameter. */
  readonly repeats: (sql: string) => boolean;
  /** An expression that says how the server compares the values of another one, whatever their type. */
  readonly collationOf: (sql: string) => string;
}

export const mergeDialects: Readonly<Record<'mysql' | 'postgresql', MergeDialect>> = {
  mysql: {
    fold: (name) => name.toLowerCase(),
    // Parameters are counted by their place.
    repeats: (sql) => !sql.includes('?'),
    // `collation:weights:weight of a space`; the last pads the shorter of two texts. Whatever is no text has no weights.
    collationOf: (sql) =>
      `CONCAT_WS(':', COLLATION(${sql}), HEX(WEIGHT_STRING(${sql})), HEX(WEIGHT_STRING(CONCAT(LEFT(${sql}, 0), ' '))))`,
  },
  postgresql: {
    fold: (name) => name,
    repeats: () => true,
    // A cast keeps the collation of what has one, and makes texts of the rest, for which there would be an error.
    collationOf: (sql) => `COLLATION FOR ((${sql})::text)`,
  },
};
