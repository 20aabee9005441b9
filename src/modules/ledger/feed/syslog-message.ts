import { hostname } from 'node:os';
import { canonicalOf, type StoredRecord } from '../../audit/chain/stored-record';

/** RFC 5424, 6.2.1: facility 13 is "log audit". */
const FACILITY = 13;
const SEVERITY = { success: 6, partial: 4, failure: 4 } as const;
/** RFC 5612: an enterprise number for who has none. */
const STRUCTURED_ID = 'sluice@32473';

/** A record as a message of RFC 5424, framed by its length (RFC 6587, 3.4.1). */
export function syslogMessage(row: StoredRecord, host: string = hostname()): string {
  const { text } = canonicalOf(row);
  const priority = FACILITY * 8 + (SEVERITY[row.result as keyof typeof SEVERITY] ?? SEVERITY.failure);
  const data = `[${STRUCTURED_ID} id="${row.id}" chain="${row.chain_id}" seq="${row.chain_seq}" link="${row.entry_hash?.toString('hex')}"]`;
  const message = `<${priority}>1 ${row.at} ${printable(host, 255)} sluice - ${printable(row.action, 32)} ${data} \uFEFF${text}`;
  return `${Buffer.byteLength(message)} ${message}`;
}

/** RFC 5424, 6: PRINTUSASCII, and `-` for nothing. */
function printable(text: string, length: number): string {
  return text.replace(/[^\x21-\x7e]/g, '_').slice(0, length) || '-';
}
