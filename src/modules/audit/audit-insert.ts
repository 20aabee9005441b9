import type { BatchStatement } from '../../database/batch-statement';
import type { AuditEvent } from './audit-event';

/**
 * The one way a record gets into `audit_logs`: by itself, in the transaction of a change, or in a group commit with
 * the run it belongs to. `clock_timestamp()` because rows of one commit still happened one after another. The user
 * is joined so that a record about an account that was deleted meanwhile is kept, too.
 */
export const auditInsert: BatchStatement<AuditEvent> = {
  name: 'audit_insert',
  sql: `INSERT INTO audit_logs (user_id, actor_id, actor_name, action, resource_type, resource_id, ip_address,
      user_agent, request_id, details, result, created_at)
    SELECT u.id, e.actor_id, e.actor_name, e.action, e.resource_type, e.resource_id, e.ip, e.user_agent,
      e.request_id, e.details, e.result, clock_timestamp()
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::inet[], $7::text[], $8::uuid[],
      $9::jsonb[], $10::text[])
      AS e(actor_id, actor_name, action, resource_type, resource_id, ip, user_agent, request_id, details, result)
    LEFT JOIN users u ON u.id = e.actor_id`,
  columns: [
    (event) => event.actor.userId,
    (event) => event.actor.username,
    (event) => event.action,
    (event) => event.resourceType,
    (event) => event.resourceId,
    (event) => event.origin?.ip,
    (event) => event.origin?.userAgent,
    (event) => event.origin?.requestId,
    (event) => JSON.stringify(event.details ?? {}),
    (event) => event.result,
  ],
};
