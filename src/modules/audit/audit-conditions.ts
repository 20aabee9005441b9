import type { AuditQuery } from './audit-query.dto';

export type AuditFilters = Omit<AuditQuery, 'limit' | 'cursor'>;

export interface Conditions {
  /** For WHERE over `audit_logs l`; `true` without filters. */
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** The filters of a search as SQL, with what was given as parameters from `$1` on. */
export function auditConditions(query: AuditFilters): Conditions {
  const area = query.action?.endsWith('.*') ? query.action.slice(0, -1) : undefined;
  const filters: [value: unknown, condition: string][] = [
    [query.userId, 'l.user_id = ?::uuid'],
    [area, 'starts_with(l.action, ?)'],
    [area === undefined ? query.action : undefined, 'l.action = ?'],
    [query.resourceType, 'l.resource_type = ?'],
    [query.resourceId, 'l.resource_id = ?'],
    [query.requestId, 'l.request_id = ?::uuid'],
    [query.result, 'l.result = ?'],
    [query.from, 'l.created_at >= ?::timestamptz'],
    [query.to, 'l.created_at < ?::timestamptz'],
  ];
  const given = filters.filter(([value]) => value !== undefined);
  return {
    sql: given.map(([, condition], index) => condition.replace('?', `$${index + 1}`)).join(' AND ') || 'true',
    values: given.map(([value]) => value),
  };
}
