import type { AuditEvent } from '../audit/audit-event';

/** What happened to a background run, for the record. */
export function jobEvent(
  by: Pick<AuditEvent, 'actor' | 'origin'>,
  what: 'create' | 'start' | 'requeue' | 'end' | 'cancel' | 'download' | 'delete',
  id: string,
  details: Readonly<Record<string, unknown>>,
  result: AuditEvent['result'] = 'success',
): AuditEvent {
  return { ...by, action: `query_job.${what}`, resourceType: 'query_job', resourceId: id, result, details };
}
