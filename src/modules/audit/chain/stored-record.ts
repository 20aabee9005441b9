import { canonicalAddress, canonicalRecord, type CanonicalRecord } from './audit-record';

/** Every column of the canonical form and of the link, as `stored` reads them. */
export interface StoredRecord {
  readonly id: string;
  readonly actor_id: string | null;
  readonly actor_name: string | null;
  readonly action: string;
  readonly resource_type: string | null;
  readonly resource_id: string | null;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly request_id: string | null;
  readonly details: Record<string, unknown>;
  readonly result: string;
  readonly at: string;
  readonly version: number | null;
  readonly chain_id: string | null;
  readonly chain_seq: string | null;
  readonly entry_hash: Buffer | null;
}

/** The select list of `StoredRecord` over `audit_logs l`; times at the precision of the database. */
export const storedColumns = `l.id, l.actor_id, l.actor_name, l.action, l.resource_type, l.resource_id,
  host(l.ip_address) AS ip, l.user_agent, l.request_id, l.details, l.result,
  to_char(l.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
  l.version, l.chain_id, l.chain_seq, l.entry_hash`;

/** The canonical form of what is in the table now. */
export function canonicalOf(row: StoredRecord): CanonicalRecord {
  return canonicalRecord({
    action: row.action,
    actorId: row.actor_id,
    actorName: row.actor_name,
    at: row.at,
    details: row.details,
    id: row.id,
    ip: canonicalAddress(row.ip),
    requestId: row.request_id,
    resourceId: row.resource_id,
    resourceType: row.resource_type,
    result: row.result,
    userAgent: row.user_agent,
    v: row.version ?? 0,
  });
}
