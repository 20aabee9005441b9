import type { BatchStatement } from '../../database/batch-statement';
import type { AuditEvent } from './audit-event';
import type { CanonicalRecord } from './chain/audit-record';
import type { Link } from './chain/chain';

/** A record with its place in a chain. */
export interface LinkedRecord extends CanonicalRecord {
  readonly link: Link;
}

/**
 * What a group commit records: an event that has just happened, or a record out of the outbox, which got its id and
 * time when the change was made. `ChainWriter` makes linked records of them when the commit is sent.
 */
export type Recorded = AuditEvent | CanonicalRecord;

/** The one way a record gets into `audit_logs`: linked, in a group commit. */
export const auditInsert: BatchStatement<Recorded> = {
  name: 'audit_insert',
  sql: `INSERT INTO audit_logs (id, actor_id, actor_name, action, resource_type, resource_id, ip_address, user_agent,
      request_id, details, result, created_at, version, chain_id, chain_seq, entry_hash)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::inet[],
      $8::text[], $9::uuid[], $10::jsonb[], $11::text[], $12::timestamptz[], $13::smallint[], $14::uuid[],
      $15::bigint[], $16::bytea[])`,
  columns: [
    ({ record }: LinkedRecord) => record.id,
    ({ record }) => record.actorId,
    ({ record }) => record.actorName,
    ({ record }) => record.action,
    ({ record }) => record.resourceType,
    ({ record }) => record.resourceId,
    ({ record }) => record.ip,
    ({ record }) => record.userAgent,
    ({ record }) => record.requestId,
    ({ details }) => details,
    ({ record }) => record.result,
    ({ record }) => record.at,
    ({ record }) => record.v,
    ({ link }) => link.chain,
    ({ link }) => link.seq,
    ({ link }) => link.hash,
  ] as readonly ((row: LinkedRecord) => unknown)[] as readonly ((row: Recorded) => unknown)[],
};

/** Takes a record out of the outbox, in the commit that links it. */
export const outboxDelete: BatchStatement<string> = {
  name: 'audit_outbox_delete',
  sql: 'DELETE FROM audit_outbox WHERE id = ANY($1::uuid[])',
  columns: [(id) => id],
};
