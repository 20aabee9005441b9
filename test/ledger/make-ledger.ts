import { createHash, randomBytes } from 'node:crypto';
import { canonicalRecord } from '../../src/modules/audit/chain/audit-record';
import { Chain } from '../../src/modules/audit/chain/chain';
import { formatTimeUs } from '../../src/modules/audit/chain/record-clock';
import type { Segment } from '../../src/modules/audit/chain/segment';
import { LEDGER_FORMAT, LEDGER_VERSION } from '../../src/modules/ledger/export/ledger-line';
import { NO_ROOT, signRoot } from '../../src/modules/ledger/root';
import { rootLine, segmentJson } from '../../src/modules/ledger/root-line';
import { SigningKey } from '../../src/modules/ledger/signing-key';

export interface MadeLedger {
  /** Records in all. */
  readonly records: number;
  readonly chains: number;
  /** Records of one chain between two roots. */
  readonly perRoot: number;
  /** Records of each chain after the last root. */
  readonly tail: number;
  readonly seed: Buffer;
}

const START_US = Date.UTC(2026, 9, 31, 23, 50) * 1000;

/** A ledger as an export has it, with records like those of statements, line by line. */
export function* makeLedger({ records, chains: count, perRoot, tail, seed }: MadeLedger): Generator<string> {
  const key = new SigningKey(seed);
  const chains = Array.from({ length: count }, (_, n) => new Chain(uuidOf(`chain ${n}`)));
  let last = NO_ROOT;
  let [made, us, roots] = [0, START_US, 0];
  const add = (chain: Chain): string => {
    made += 1;
    us += 20_000;
    const { text, record } = recordAt(made, us);
    const link = chain.stage(text, record.at.slice(0, 7));
    return `{"type":"record","chain":"${link.chain}","seq":${link.seq},"link":"${link.hash.toString('hex')}","record":${text}}`;
  };
  yield json({
    type: 'header',
    format: LEDGER_FORMAT,
    version: LEDGER_VERSION,
    complete: true,
    after: { number: 0, hash: '0'.repeat(64) },
    at: formatTimeUs(us),
  });
  const signed = records - tail * count;
  const left = (): number => signed - made;
  while (left() > 0) {
    const segments: Segment[] = [];
    for (const chain of chains) {
      const lines: string[] = [];
      while (lines.length < perRoot && left() > 0) lines.push(add(chain));
      chain.committed();
      const own = chain.segments();
      for (const segment of own) {
        yield json({ type: 'segment', segment: segmentJson(segment) });
        yield* lines.splice(0, segment.to - segment.from + 1);
      }
      chain.taken(own);
      segments.push(...own);
    }
    const root = signRoot(last, formatTimeUs(us), segments, key);
    const { segments: _, ...line } = rootLine(root, segments);
    yield json(line);
    roots += 1;
    last = { number: root.body.number, hash: root.hash };
  }
  for (const chain of chains.slice(0, tail > 0 ? count : 0)) {
    yield json({ type: 'tail', chain: chain.id, closedSeq: null });
    for (let n = 0; n < tail; n++) yield add(chain);
  }
  yield json({ type: 'end', records: made, roots });
}

function recordAt(n: number, us: number): ReturnType<typeof canonicalRecord> {
  return canonicalRecord({
    action: 'query.run',
    actorId: '6c0e8f4a-3a57-4d6b-8a44-1f6f8f4c2b11',
    actorName: 'ada',
    at: formatTimeUs(us),
    details: {
      queryId: uuidOf(`query ${n}`),
      revision: 3,
      kind: 'select',
      access: 'read',
      relations: ['public.customers', 'public.orders'],
      statementSha256: createHash('sha256').update(String(n)).digest('hex'),
    },
    id: uuidOf(`record ${n}`),
    ip: '10.1.2.3',
    requestId: uuidOf(`request ${n}`),
    resourceId: '0b0f7a52-2f65-4f3c-9d1e-5d5a3b0b6f10',
    resourceType: 'connection',
    result: 'success',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) some client',
    v: 1,
  });
}

function uuidOf(text: string): string {
  const hex = createHash('md5').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function json(value: unknown): string {
  return JSON.stringify(value);
}

export const randomSeed = (): Buffer => randomBytes(32);
