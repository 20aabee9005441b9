import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { PageQuery } from '../../common/page-query.dto';
import { decodeCursor, toPage, type Page } from '../../common/pagination';
import type { QueryStatsQuery } from './stats-query.dto';
import type { QueryStatsView, UserStatsView } from './stats.view';

/** Stands for a connection that is deleted, in the order of the list only. */
const NO_CONNECTION = '00000000-0000-0000-0000-000000000000';

/** Reads the views `query_performance_stats` and `user_activity_stats`; both go back seven days. */
@Injectable()
export class StatsReader {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** By hour, newest first. */
  async queries({ limit, cursor, connectionId, from, to }: QueryStatsQuery): Promise<Page<QueryStatsView>> {
    const after = cursor ? decodeCursor(cursor, ['time', 'uuid', 'text']) : [null, null, null];
    const rows: QueryStatsView[] = await this.dataSource.query(
      `SELECT hour, connection_id AS "connectionId", query_type AS "queryType",
         query_count::float8 AS "queryCount", avg_execution_time_ms AS "avgExecutionTimeMs",
         max_execution_time_ms AS "maxExecutionTimeMs", error_count::float8 AS "errorCount",
         timeout_count::float8 AS "timeoutCount"
       FROM query_performance_stats
       WHERE ($1::uuid IS NULL OR connection_id = $1)
         AND ($2::timestamptz IS NULL OR hour >= $2) AND ($3::timestamptz IS NULL OR hour < $3)
         AND ($4::timestamptz IS NULL OR (hour, coalesce(connection_id, $7::uuid), query_type) < ($4, $5::uuid, $6::text))
       ORDER BY hour DESC, coalesce(connection_id, $7::uuid) DESC, query_type DESC
       LIMIT $8`,
      [connectionId ?? null, from ?? null, to ?? null, ...after, NO_CONNECTION, limit + 1],
    );
    return toPage(rows, limit, (row) => [
      row.hour.toISOString(),
      row.connectionId ?? NO_CONNECTION,
      row.queryType,
    ]);
  }

  /** By name. */
  async users({ limit, cursor }: PageQuery): Promise<Page<UserStatsView>> {
    const [after] = cursor ? decodeCursor(cursor, ['text']) : [null];
    const rows: UserStatsView[] = await this.dataSource.query(
      `SELECT user_id AS "userId", username, role, is_active AS active, last_login_at AS "lastLoginAt",
         query_count::float8 AS "queryCount", success_count::float8 AS "successCount",
         failure_count::float8 AS "failureCount", avg_execution_time_ms AS "avgExecutionTimeMs",
         last_query_at AS "lastQueryAt"
       FROM user_activity_stats WHERE $1::text IS NULL OR username > $1 ORDER BY username LIMIT $2`,
      [after, limit + 1],
    );
    return toPage(rows, limit, ({ username }) => [username]);
  }
}
