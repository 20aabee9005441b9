import { batchCheck, type BatchCheck, type BatchStatement } from '../../database/batch-statement';

interface PermissionKey {
  readonly userId: string;
  readonly connectionId: string;
}

/** xmin changes with every UPDATE of the row: what was decided on an older version is not recorded as allowed. */
const statement: BatchStatement<PermissionKey> = {
  name: 'permission_unchanged',
  sql: `SELECT p.user_id || ':' || p.connection_id || ':' || p.xmin::text AS key
    FROM unnest($1::uuid[], $2::uuid[]) AS asked(user_id, connection_id)
    JOIN connection_permissions p USING (user_id, connection_id)`,
  columns: [(key) => key.userId, (key) => key.connectionId],
};

/** Holds while the permission is the very version a decision was made on. */
export function permissionUnchanged(userId: string, connectionId: string, version: string): BatchCheck {
  return batchCheck(
    statement,
    { userId, connectionId },
    `${userId}:${connectionId}:${version}`,
    'permission.connection_denied',
  );
}
