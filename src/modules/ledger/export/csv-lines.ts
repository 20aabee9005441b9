import type { ClientBase } from 'pg';
import { csvQuoted, withoutFormula } from '../../../common/csv-text';
import type { Conditions } from '../../audit/audit-conditions';
import { canonicalOf, storedColumns, type StoredRecord } from '../../audit/chain/stored-record';
import { readRows } from './read-rows';

const columns: readonly [name: string, value: (row: StoredRecord, details: string) => string | null][] = [
  ['at', (row) => row.at],
  ['id', (row) => row.id],
  ['actorId', (row) => row.actor_id],
  ['actorName', (row) => row.actor_name],
  ['action', (row) => row.action],
  ['resourceType', (row) => row.resource_type],
  ['resourceId', (row) => row.resource_id],
  ['result', (row) => row.result],
  ['ip', (row) => row.ip],
  ['userAgent', (row) => row.user_agent],
  ['requestId', (row) => row.request_id],
  ['details', (_, details) => details],
  ['chain', (row) => row.chain_id],
  ['seq', (row) => row.chain_seq],
  ['link', (row) => row.entry_hash?.toString('hex') ?? null],
];

/** RFC 4180: CRLF, every text in quotes, nothing for NULL. For reading, not for verifying. */
export async function* csvLines(client: ClientBase, { sql, values }: Conditions): AsyncGenerator<string> {
  yield `${columns.map(([name]) => name).join(',')}\r\n`;
  const select = `SELECT ${storedColumns} FROM audit_logs l WHERE ${sql} ORDER BY created_at, id`;
  for await (const rows of readRows<StoredRecord>(client, select, [...values]))
    yield rows.map(csvLine).join('');
}

function csvLine(row: StoredRecord): string {
  const { details } = canonicalOf(row);
  return `${columns.map(([, value]) => cell(value(row, details))).join(',')}\r\n`;
}

/** A user agent can be anything, a formula too. */
function cell(text: string | null): string {
  return text === null ? '' : csvQuoted(withoutFormula(text));
}
