import type { ClientBase } from 'pg';
import type { Conditions } from '../../audit/audit-conditions';
import { NO_HASH } from '../../audit/chain/chain-hash';
import { formatTimeUs } from '../../audit/chain/record-clock';
import { storedColumns, type StoredRecord } from '../../audit/chain/stored-record';
import { LEDGER_FORMAT, LEDGER_VERSION, type LedgerLine } from './ledger-line';
import { readRows } from './read-rows';
import { recordLine } from './record-line';

type WithPrevious = StoredRecord & { readonly previous: Buffer | null };

const PREVIOUS = `(SELECT b.entry_hash FROM audit_logs b
  WHERE b.chain_id = l.chain_id AND b.chain_seq = l.chain_seq - 1 LIMIT 1) AS previous`;

/** Records that filters choose, in the order of their times: each with the link before it, so that it can be checked. */
export async function* chosenLines(client: ClientBase, { sql, values }: Conditions): AsyncGenerator<string> {
  yield line({
    type: 'header',
    format: LEDGER_FORMAT,
    version: LEDGER_VERSION,
    complete: false,
    after: { number: 0, hash: NO_HASH.toString('hex') },
    at: formatTimeUs(Date.now() * 1000),
  });
  let records = 0;
  const select = `SELECT ${storedColumns}, ${PREVIOUS} FROM audit_logs l WHERE ${sql} ORDER BY created_at, id`;
  for await (const rows of readRows<WithPrevious>(client, select, [...values])) {
    records += rows.length;
    yield rows.map((row) => recordLine(row, row.chain_seq === '1' ? NO_HASH : row.previous)).join('');
  }
  yield line({ type: 'end', records, roots: 0 });
}

function line(value: LedgerLine): string {
  return `${JSON.stringify(value)}\n`;
}
