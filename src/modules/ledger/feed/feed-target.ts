import type { StoredRecord } from '../../audit/chain/stored-record';
import { recordLine } from '../export/record-line';
import { postJson } from '../sinks/post-json';
import { sendSyslog } from './send-syslog';
import { syslogMessage } from './syslog-message';

/** Takes records in order; resolves when they have arrived. */
export type FeedTarget = (rows: readonly StoredRecord[]) => Promise<void>;

/** By the scheme of `AUDIT_FEED`: syslog over TCP or TLS, else a webhook that takes lines of NDJSON. */
export function feedTarget(address: string): FeedTarget {
  const url = new URL(address);
  if (url.protocol.startsWith('syslog+'))
    return (rows) =>
      sendSyslog(
        url,
        rows.map((row) => syslogMessage(row)),
      );
  return (rows) => postJson(address, rows.map((row) => recordLine(row)).join(''), 'application/x-ndjson');
}
