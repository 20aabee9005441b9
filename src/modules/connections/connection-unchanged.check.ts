import { batchCheck, type BatchCheck, type BatchStatement } from '../../database/batch-statement';
import type { ConnectionRecord } from './connection-record';

const statement: BatchStatement<string> = {
  name: 'connection_unchanged',
  sql: `SELECT c.id || ':' || c.revision AS key FROM database_connections c
    WHERE c.id = ANY($1::uuid[]) AND c.is_active`,
  columns: [(id) => id],
};

/** Holds while the connection is active and still the revision that was decided on. */
export function connectionUnchanged({ id, revision }: Pick<ConnectionRecord, 'id' | 'revision'>): BatchCheck {
  return batchCheck(statement, id, `${id}:${revision}`, 'connection.inactive');
}
