import type { Caller, RequestOrigin } from '../../common/principal';

export type AuditResult = 'success' | 'failure' | 'partial';

export interface AuditActor {
  readonly userId: string | null;
  readonly username: string | null;
}

/** What happened, as it is recorded. `details` never holds secrets or values out of a database. */
export interface AuditEvent {
  /** Of the record, where somebody has to know it before it is written; a random one without. */
  readonly id?: string;
  /** `area.verb`, e.g. `auth.login`, `connection.update`, `query.run`. */
  readonly action: string;
  readonly resourceType?: string;
  readonly resourceId?: string;
  readonly result: AuditResult;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly actor: AuditActor;
  readonly origin: RequestOrigin | null;
}

/** Actor and origin of an event that a caller causes. */
export function byCaller({ principal, origin }: Caller): Pick<AuditEvent, 'actor' | 'origin'> {
  return { actor: { userId: principal.userId, username: principal.username }, origin };
}

/** Actor of what the service does by itself. */
export const bySystem: Pick<AuditEvent, 'actor' | 'origin'> = {
  actor: { userId: null, username: 'system' },
  origin: null,
};
