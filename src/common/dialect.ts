/** The grammar in which statements of an engine are written; `src/sql` has an analysis for each. */
export type Dialect = 'postgresql' | 'mysql' | 'sqlite' | 'mongodb';
