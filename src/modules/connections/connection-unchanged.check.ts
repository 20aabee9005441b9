import { batchCheck, type BatchCheck, type BatchStatement } from '../../database/batch-statement';
import type { ConnectionRecord } from './connection-record';

const statement: BatchStatement<string> = {
  name: 'connection_unchanged',
  sql: `SELECT c.id || ':' || c.revision || '.' || c.policy_epoch AS key FROM database_connections c
    WHERE c.id = ANY($1::uuid[]) AND c.is_active`,
  columns: [(id) => id],
};

/** Holds while the connection is active, and still the revision and under the policies that were decided on. */
export function connectionUnchanged({
  id,
  revision,
  policyEpoch,
}: Pick<ConnectionRecord, 'id' | 'revision' | 'policyEpoch'>): BatchCheck {
  return batchCheck(statement, id, `${id}:${revision}.${policyEpoch}`, 'connection.inactive');
}
