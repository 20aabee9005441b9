import { canonicalOf, type StoredRecord } from '../../audit/chain/stored-record';

/**
 * The line of a record, as text: the record is written in its canonical form, so that a reader without a canonicaliser
 * can hash what stands between `"record":` and the last brace.
 */
export function recordLine(row: StoredRecord, previous?: Buffer | null): string {
  const before = previous === undefined ? '' : `"previous":${hexOrNull(previous)},`;
  const chain = row.chain_id === null ? 'null' : `"${row.chain_id}"`;
  return (
    `{"type":"record","chain":${chain},"seq":${row.chain_seq ?? 'null'},"link":${hexOrNull(row.entry_hash)},` +
    `${before}"record":${canonicalOf(row).text}}\n`
  );
}

function hexOrNull(hash: Buffer | null): string {
  return hash === null ? 'null' : `"${hash.toString('hex')}"`;
}
