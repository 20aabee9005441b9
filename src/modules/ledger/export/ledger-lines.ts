import type { ClientBase } from 'pg';
import { storedColumns, type StoredRecord } from '../../audit/chain/stored-record';
import { formatTimeUs } from '../../audit/chain/record-clock';
import { NO_HASH } from '../../audit/chain/chain-hash';
import { readRoots } from '../read-roots';
import type { RootLine } from '../root-line';
import { LEDGER_FORMAT, LEDGER_VERSION, type LedgerLine } from './ledger-line';
import { readRows } from './read-rows';
import { recordLine } from './record-line';

const ROOTS = 100;

/**
 * The whole record as the ledger format has it (docs/audit.md), out of one snapshot: the records of each root, the
 * root, and at the end what no root covers. Yields texts of many lines.
 * @param client in a transaction, REPEATABLE READ
 * @param after number of a root: only what came after it
 */
export async function* ledgerLines(client: ClientBase, after: number): AsyncGenerator<string> {
  const [before] = after > 0 ? await readRoots(client, after - 1, 1) : [];
  let [records, roots] = [0, 0];
  yield line({
    type: 'header',
    format: LEDGER_FORMAT,
    version: LEDGER_VERSION,
    complete: true,
    after: { number: after, hash: before?.hash ?? NO_HASH.toString('hex') },
    at: formatTimeUs(Date.now() * 1000),
  });
  for (let page = await readRoots(client, after, ROOTS); page.length > 0;) {
    for (const root of page) {
      for await (const [text, count] of period(client, root)) {
        records += count;
        yield text;
      }
      roots += 1;
    }
    page = await readRoots(client, page.at(-1)!.root.number, ROOTS);
  }
  for await (const [text, count] of uncovered(client)) {
    records += count;
    yield text;
  }
  yield line({ type: 'end', records, roots });
}

type Part = readonly [text: string, records: number];

async function* period(client: ClientBase, { segments, ...root }: RootLine): AsyncGenerator<Part> {
  for (const segment of segments) {
    yield [line({ type: 'segment', segment }), 0];
    yield* recordsOf(client, segment.chain, segment.from, segment.to);
  }
  yield [line(root), 0];
}

/** What no root covers: the ends of chains, and what is in no chain at all. */
async function* uncovered(client: ClientBase): AsyncGenerator<Part> {
  // Every chain there is a record of, whether it is known or not, by jumping from one to the next in the index.
  const { rows: chains } = await client.query<{ id: string; covered: string; closed_seq: string | null }>(
    `WITH RECURSIVE present AS (
       (SELECT chain_id FROM audit_logs WHERE chain_id IS NOT NULL ORDER BY chain_id LIMIT 1)
       UNION ALL
       SELECT (SELECT l.chain_id FROM audit_logs l WHERE l.chain_id > p.chain_id ORDER BY l.chain_id LIMIT 1)
       FROM present p WHERE p.chain_id IS NOT NULL)
     SELECT p.chain_id AS id, coalesce(s.covered, 0) AS covered, c.closed_seq FROM present p
     LEFT JOIN audit_chains c ON c.id = p.chain_id
     LEFT JOIN LATERAL (SELECT max(to_seq) AS covered FROM audit_segments
       WHERE chain_id = p.chain_id AND root_number IS NOT NULL) s ON true
     WHERE p.chain_id IS NOT NULL
       AND EXISTS (SELECT FROM audit_logs l WHERE l.chain_id = p.chain_id AND l.chain_seq > coalesce(s.covered, 0))
     ORDER BY 1`,
  );
  for (const { id, covered, closed_seq: closed } of chains) {
    yield [line({ type: 'tail', chain: id, closedSeq: closed === null ? null : Number(closed) }), 0];
    yield* recordsOf(client, id, Number(covered) + 1, Number.MAX_SAFE_INTEGER);
  }
  const unchained = `SELECT ${storedColumns} FROM audit_logs l WHERE chain_id IS NULL ORDER BY created_at, id`;
  for await (const rows of readRows<StoredRecord>(client, unchained, [])) yield textOf(rows);
}

async function* recordsOf(client: ClientBase, chain: string, from: number, to: number): AsyncGenerator<Part> {
  const sql = `SELECT ${storedColumns} FROM audit_logs l
    WHERE chain_id = $1 AND chain_seq BETWEEN $2 AND $3 ORDER BY chain_seq, created_at`;
  for await (const rows of readRows<StoredRecord>(client, sql, [chain, from, to])) yield textOf(rows);
}

function textOf(rows: readonly StoredRecord[]): Part {
  return [rows.map((row) => recordLine(row)).join(''), rows.length];
}

function line(value: LedgerLine): string {
  return `${JSON.stringify(value)}\n`;
}
