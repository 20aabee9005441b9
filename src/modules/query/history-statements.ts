import type { BatchStatement } from '../../database/batch-statement';
import type { StatementAccess } from '../../sql/facts';
import type { RunOutcome, RunStatus } from './run';

export interface HistoryRow {
  readonly id: string;
  readonly userId: string;
  readonly connectionId: string | null;
  readonly connectionRevision: number | null;
  /** `null` where the connection keeps no constants and the text without them is not known. */
  readonly statement: string | null;
  readonly statementKind: string | null;
  readonly access: StatementAccess | null;
  readonly status: RunStatus;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly requestId: string;
  readonly instanceId: string;
}

/** Rows of query_history as they are when a run starts, or when it is refused. */
export const historyInsert: BatchStatement<HistoryRow> = {
  name: 'history_insert',
  sql: `INSERT INTO query_history (id, user_id, connection_id, connection_revision, generated_sql, statement_kind,
      status, error_code, error_message, request_id, instance_id, access, created_at, finished_at)
    SELECT r.id, u.id, c.id, r.revision, r.statement, r.kind, r.status, r.error_code, r.error_message, r.request_id,
      r.instance_id, r.access, clock_timestamp(), CASE WHEN r.status <> 'pending' THEN clock_timestamp() END
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[],
      $9::text[], $10::uuid[], $11::uuid[], $12::text[])
      AS r(id, user_id, connection_id, revision, statement, kind, status, error_code, error_message, request_id,
        instance_id, access)
    LEFT JOIN users u ON u.id = r.user_id
    LEFT JOIN database_connections c ON c.id = r.connection_id`,
  columns: [
    (row) => row.id,
    (row) => row.userId,
    (row) => row.connectionId,
    (row) => row.connectionRevision,
    (row) => row.statement,
    (row) => row.statementKind,
    (row) => row.status,
    (row) => row.errorCode,
    (row) => row.errorMessage,
    (row) => row.requestId,
    (row) => row.instanceId,
    (row) => row.access,
  ],
};

/** What became of runs. */
export const historyFinish: BatchStatement<RunOutcome> = {
  name: 'history_finish',
  sql: `UPDATE query_history h SET status = r.status, error_code = r.error_code, error_message = r.error_message,
      row_count = r.row_count, result_bytes = r.bytes, truncated = r.truncated, cached = r.cached, execution_time_ms = r.ms,
      finished_at = clock_timestamp()
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::boolean[], $7::boolean[],
      $8::double precision[], $9::bigint[]) AS r(id, status, error_code, error_message, row_count, truncated, cached, ms, bytes)
    WHERE h.id = r.id`,
  columns: [
    (row) => row.id,
    (row) => row.status,
    (row) => row.errorCode,
    (row) => row.errorMessage,
    (row) => row.rowCount,
    (row) => row.truncated,
    (row) => row.cached,
    (row) => row.executionTimeMs,
    (row) => row.bytes,
  ],
};
