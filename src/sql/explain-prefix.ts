import type { Dialect } from '../common/dialect';

/**
 * What makes of a statement the question for its plan, in the form that `src/modules/query/explain` reads. None of them runs
 * the statement. VERBOSE is for the schemas of tables. MySQL is asked for the traditional form, its default: it is the one that
 * policies allow, and the grammar of the analysis does not know its name. MongoDB has a
 * command around the operation, which its driver makes (`QueryRequest.explain`).
 */
export const explainPrefixes: Readonly<Record<Dialect, string>> = {
  postgresql: 'EXPLAIN (FORMAT JSON, VERBOSE) ',
  mysql: 'EXPLAIN ',
  sqlite: 'EXPLAIN QUERY PLAN ',
  mongodb: '',
};
