import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { storableText } from '../../../common/storable-text';
import type { AuditEvent } from '../audit-event';
import { canonicalJson } from './canonical-json';
import { formatTimeUs, nextTimeUs } from './record-clock';

/** Of the canonical form (docs/audit.md); raised when its members change. */
export const RECORD_VERSION = 1;

/** A record as it is hashed: every member of the canonical form, in the order of its text. */
export interface AuditRecord {
  readonly action: string;
  readonly actorId: string | null;
  readonly actorName: string | null;
  /** `2026-11-20T12:00:00.123456Z` */
  readonly at: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly id: string;
  /** Dotted for IPv4, RFC 5952 for IPv6. */
  readonly ip: string | null;
  readonly requestId: string | null;
  readonly resourceId: string | null;
  readonly resourceType: string | null;
  readonly result: string;
  readonly userAgent: string | null;
  readonly v: number;
}

/** A record with its canonical text, which is what is hashed. */
export interface CanonicalRecord {
  readonly record: AuditRecord;
  readonly text: string;
  /** Of `details`, as it goes into the table. */
  readonly details: string;
}

/** Gives an event its id and time, and notes the id at its origin: the answer names the record it left. */
export function recordOf(event: AuditEvent): CanonicalRecord {
  const { origin } = event;
  const id = event.id ?? randomUUID();
  if (origin) origin.auditId ??= id;
  return canonicalRecord({
    action: event.action,
    actorId: event.actor.userId,
    actorName: storable(event.actor.username),
    at: formatTimeUs(nextTimeUs()),
    details: event.details ?? {},
    id,
    ip: canonicalAddress(origin?.ip ?? null),
    requestId: origin?.requestId ?? null,
    resourceId: storable(event.resourceId),
    resourceType: event.resourceType ?? null,
    result: event.result,
    userAgent: storable(origin?.userAgent),
    v: RECORD_VERSION,
  });
}

/** The text that is hashed: `canonicalJson` of the record, spelt out because every statement pays for it. */
export function canonicalRecord(record: AuditRecord): CanonicalRecord {
  const details = canonicalJson(record.details);
  const text =
    `{"action":${canonicalJson(record.action)},"actorId":${canonicalJson(record.actorId)}` +
    `,"actorName":${canonicalJson(record.actorName)},"at":"${record.at}","details":${details},"id":"${record.id}"` +
    `,"ip":${canonicalJson(record.ip)},"requestId":${canonicalJson(record.requestId)}` +
    `,"resourceId":${canonicalJson(record.resourceId)},"resourceType":${canonicalJson(record.resourceType)}` +
    `,"result":${canonicalJson(record.result)},"userAgent":${canonicalJson(record.userAgent)},"v":${record.v}}`;
  return { record, text, details };
}

/** One text for each address: what PostgreSQL prints of an `inet` differs from RFC 5952 in corners. */
export function canonicalAddress(address: string | null): string | null {
  if (address === null || isIP(address) !== 6) return address;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : parsed.toRFC5952String();
}

function storable(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : storableText(text);
}
