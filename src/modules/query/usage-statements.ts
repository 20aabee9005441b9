import type { ErrorCode } from '../../common/errors/catalog';
import type { BatchStatement } from '../../database/batch-statement';

/** What a run adds to the usage of its user on its connection. */
export interface UsageChange {
  readonly userId: string;
  readonly connectionId: string;
  /** ISO 8601, UTC: the day the run began on, also when it ends on another one. */
  readonly day: string;
  readonly runs: number;
  readonly rows: number;
  readonly milliseconds: number;
  readonly running: number;
}

/**
 * One row for each user, connection and day, locked from here to the end of the commit, always in the same order: replicas
 * count one after the other. One statement for what begins and what ends, for no statement may change a row twice.
 */
export const usageCount: BatchStatement<UsageChange> = {
  name: 'usage_count',
  sql: `INSERT INTO connection_usage AS u (user_id, connection_id, day, runs, rows, milliseconds, running)
    SELECT c.user_id, c.connection_id, c.day, sum(c.runs), sum(c.rows), sum(c.milliseconds), sum(c.running)
    FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::bigint[], $5::bigint[], $6::double precision[], $7::int[])
      AS c(user_id, connection_id, day, runs, rows, milliseconds, running)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (user_id, connection_id, day) DO UPDATE SET runs = u.runs + excluded.runs,
      rows = u.rows + excluded.rows, milliseconds = u.milliseconds + excluded.milliseconds,
      running = greatest(0, u.running + excluded.running)
    RETURNING u.user_id, u.connection_id, u.day, u.runs, u.rows, u.milliseconds, u.running`,
  columns: [
    (change) => change.userId,
    (change) => change.connectionId,
    (change) => change.day,
    (change) => change.runs,
    (change) => change.rows,
    (change) => change.milliseconds,
    (change) => change.running,
  ],
};

export type UsageKind = 'running' | 'runs' | 'rows' | 'seconds';

export const usageErrors: Readonly<Record<UsageKind, ErrorCode>> = {
  running: 'query.too_many_running',
  runs: 'query.budget_exhausted',
  rows: 'query.budget_exhausted',
  seconds: 'query.budget_exhausted',
};

/** Whether a run keeps within one of the bounds of its permission. */
export interface UsageQuestion extends Pick<UsageChange, 'userId' | 'connectionId' | 'day'> {
  readonly key: string;
  readonly kind: UsageKind;
  readonly most: number;
}

/**
 * Reads what `usage_count` has counted in the same commit, this run and its neighbours included: of those that came
 * together as many pass as there is room for.
 */
export const usageWithin: BatchStatement<UsageQuestion> = {
  name: 'usage_within',
  sql: `SELECT q.key FROM (
      SELECT asked.*, row_number() OVER same AS place,
        count(*) OVER (PARTITION BY user_id, connection_id, day, kind) AS together
      FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::text[], $5::text[], $6::bigint[]) WITH ORDINALITY
        AS asked(user_id, connection_id, day, key, kind, most, arrival)
      WINDOW same AS (PARTITION BY user_id, connection_id, day, kind ORDER BY arrival)
    ) AS q JOIN usage_count u USING (user_id, connection_id, day)
    WHERE CASE q.kind
      WHEN 'running' THEN u.running - q.together + q.place <= q.most
      WHEN 'runs' THEN u.runs - q.together + q.place <= q.most
      WHEN 'rows' THEN u.rows < q.most
      WHEN 'seconds' THEN u.milliseconds < q.most * 1000.0 END`,
  columns: [
    (question) => question.userId,
    (question) => question.connectionId,
    (question) => question.day,
    (question) => question.key,
    (question) => question.kind,
    (question) => question.most,
  ],
};
