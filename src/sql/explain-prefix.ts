import type { Dialect } from '../common/dialect';

/**
 * What makes of a statement the question for its plan, in the form that `src/modules/query/explain` reads. None of them runs
 * the statement. VERBOSE is for the schemas of tables. MySQL's grammar here does not know `FORMAT=TRADITIONAL`, which is the
 * server's default.
 */
export const explainPrefixes: Readonly<Record<Dialect, string | null>> = {
  postgresql: 'EXPLAIN (FORMAT JSON, VERBOSE) ',
  mysql: null,
  sqlite: null,
  mongodb: null,
};
