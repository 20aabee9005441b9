import type { ConnectionPermission } from './connection-permission.entity';
import type { PermissionView } from './permission.dto';

/** A permission as it is shown. */
export function permissionView(row: ConnectionPermission): PermissionView {
  const { userId, connectionId, grantedBy, updatedAt } = row;
  return {
    userId,
    connectionId,
    canQuery: row.canQuery,
    canWrite: row.canWrite,
    unmasked: row.unmasked,
    allowedSchemas: row.allowedSchemas,
    allowedTables: row.allowedTables,
    writableTables: row.writableTables,
    maxRowsPerQuery: row.maxRowsPerQuery,
    maxRowsPerWrite: row.maxRowsPerWrite,
    maxExecutionTimeSeconds: row.maxExecutionTimeSeconds,
    maxConcurrentQueries: row.maxConcurrentQueries,
    dailyRuns: row.dailyRuns,
    dailyRows: row.dailyRows,
    dailySeconds: row.dailySeconds,
    grantedBy,
    updatedAt,
  };
}
