import { createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import type { RecordLine } from '../../src/modules/ledger/export/ledger-line';
import { SigningKey } from '../../src/modules/ledger/signing-key';
import { entryHash, NO_HASH, uuidBytes } from '../../src/modules/audit/chain/chain-hash';
import { canonicalJson } from '../../src/modules/audit/chain/canonical-json';
import type { Verdict } from '../../src/modules/ledger/verify/finding';
import { LedgerVerifier } from '../../src/modules/ledger/verify/ledger-verifier';
import { makeLedger, randomSeed } from './make-ledger';

const seed = randomSeed();
const key = new SigningKey(seed);
const keys = new Map([[key.id, createPublicKey(key.publicPem)]]);
const ledger = [...makeLedger({ records: 2300, chains: 3, perRoot: 150, tail: 20, seed })];
const parsed = ledger.map((line) => JSON.parse(line));
const places = parsed.flatMap(({ type }, at) => (type === 'record' ? [at] : []));
/** Records that a root covers. */
const signed = places.filter((at) => at < parsed.findIndex(({ type }) => type === 'tail'));
const hashes = new Map<number, string>(
  parsed.filter(({ type }) => type === 'root').map(({ root, hash }) => [root.number, hash]),
);

function verify(lines: readonly string[], knownRoots?: ReadonlyMap<number, string>): Verdict {
  const verifier = new LedgerVerifier({ keys, ...(knownRoots && { knownRoots }) });
  for (const line of lines) verifier.add(line);
  return verifier.finish();
}
const kinds = ({ findings }: Verdict): string[] => [...new Set(findings.map(({ kind }) => kind))];
/** Links all records of a chain anew, as somebody does who knows how. */
function relink(lines: readonly string[], chain: string): string[] {
  let [seq, previous] = [0, NO_HASH];
  return lines.map((text) => {
    const line = JSON.parse(text) as RecordLine;
    if (line.type !== 'record' || line.chain !== chain) return text;
    seq += 1;
    previous = entryHash(uuidBytes(chain), seq, previous, canonicalJson(line.record));
    return JSON.stringify({ ...line, seq, link: previous.toString('hex') });
  });
}
const anyRecord = (of = signed) => fc.integer({ min: 0, max: of.length - 1 }).map((n) => of[n]!);

describe('verifying a ledger', () => {
  it('finds nothing wrong with what is as it was written, and says what it covers', () => {
    expect(verify(ledger, hashes)).toMatchObject({
      findings: [],
      problems: 0,
      records: 2300,
      roots: hashes.size,
      chains: 3,
      unsigned: 60,
      complete: true,
    });
  });

  it('names the record that was edited, wherever it is, whatever of it', () => {
    const edits: ((record: any) => void)[] = [
      (record) => (record.actorName = 'eve'),
      (record) => (record.details.revision += 1),
      (record) => (record.at = record.at.replace('2026', '2025')),
      (record) => (record.details.added = true),
      (record) => (record.added = true),
      (record) => delete record.ip,
    ];
    fc.assert(
      fc.property(anyRecord(places), fc.constantFrom(...edits), (at, edit) => {
        const line = structuredClone(parsed[at]);
        edit(line.record);
        const { findings } = verify(ledger.with(at, JSON.stringify(line)));
        expect(findings).toMatchObject([
          { kind: 'edited', chain: line.chain, seq: line.seq, recordId: line.record.id },
        ]);
      }),
      { numRuns: 25 },
    );
  });

  it('names the record that was deleted', () => {
    fc.assert(
      fc.property(anyRecord(), (at) => {
        const { chain, seq } = parsed[at];
        const { findings } = verify(ledger.toSpliced(at, 1));
        expect(findings).toContainEqual(expect.objectContaining({ kind: 'missing', chain, seq }));
      }),
      { numRuns: 25 },
    );
  });

  it('names records that changed places', () => {
    fc.assert(
      fc.property(anyRecord(), (at) => {
        fc.pre(parsed[at + 1].type === 'record');
        const { chain, seq } = parsed[at];
        const { findings } = verify(ledger.with(at, ledger[at + 1]!).with(at + 1, ledger[at]!));
        expect(findings).toContainEqual(expect.objectContaining({ kind: 'out_of_order', chain, seq }));
      }),
      { numRuns: 25 },
    );
  });

  it('names a record that was put in, as a copy and as a new one', () => {
    fc.assert(
      fc.property(anyRecord(), (at) => {
        const { chain, seq } = parsed[at];
        expect(verify(ledger.toSpliced(at, 0, ledger[at]!)).findings).toContainEqual(
          expect.objectContaining({ kind: 'out_of_order', chain, seq }),
        );
        const line = structuredClone(parsed[at]);
        line.record.id = '11111111-1111-4111-8111-111111111111';
        const verdict = verify(ledger.toSpliced(at, 0, JSON.stringify(line)));
        expect(verdict.problems).toBeGreaterThan(0);
        expect(verdict.findings[0]).toMatchObject({ chain, seq });
      }),
      { numRuns: 15 },
    );
  });

  it('names the stretch that was edited and linked anew, whole or with a record more or less', () => {
    fc.assert(
      fc.property(anyRecord(), fc.constantFrom('edit', 'delete', 'insert'), (at, how) => {
        const line = structuredClone(parsed[at]);
        line.record.actorName = 'eve';
        const changed = {
          edit: () => ledger.with(at, JSON.stringify(line)),
          delete: () => ledger.toSpliced(at, 1),
          insert: () => ledger.toSpliced(at, 0, JSON.stringify(line)),
        }[how]();
        const verdict = verify(relink(changed, line.chain));
        expect(verdict.problems).toBeGreaterThan(0);
        expect(verdict.findings[0]!.chain).toBe(line.chain);
        expect(verdict.findings[0]!.seq).toBeLessThanOrEqual(line.seq + 150);
      }),
      { numRuns: 15 },
    );
  });

  it('finds a file that was cut off, and a tail that was cut off cleanly by the roots of a sink', () => {
    expect(kinds(verify(ledger.slice(0, 1500)))).toContain('cut_off');
    const rootAt = parsed.findIndex(({ type, root }) => type === 'root' && root.number === 4);
    const kept = parsed.slice(0, rootAt + 1);
    const records = kept.filter(({ type }) => type === 'record').length;
    const clean = [...ledger.slice(0, rootAt + 1), JSON.stringify({ type: 'end', records, roots: 4 })];
    expect(verify(clean).problems).toBe(0);
    expect(verify(clean, hashes).findings).toMatchObject([{ kind: 'cut_off', root: 5 }]);
  });

  it('finds a root that is missing, changed, or signed by somebody else', () => {
    const at = parsed.findIndex(({ type, root }) => type === 'root' && root.number === 3);
    expect(kinds(verify(ledger.toSpliced(at, 1)))).toContain('missing_root');
    const line = structuredClone(parsed[at]);
    line.root.at = '2026-01-01T00:00:00.000000Z';
    expect(verify(ledger.with(at, JSON.stringify(line))).findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'bad_root', root: 3 }),
        expect.objectContaining({ kind: 'bad_signature', root: 3 }),
      ]),
    );
  });

  it('believes nothing that was written anew by somebody without the key', () => {
    const forged = [...makeLedger({ records: 300, chains: 1, perRoot: 100, tail: 0, seed: randomSeed() })];
    expect(kinds(verify(forged))).toEqual(['bad_signature']);
    const anew = [...makeLedger({ records: 300, chains: 1, perRoot: 100, tail: 0, seed })];
    expect(verify(anew).problems).toBe(0);
    expect(kinds(verify(anew, hashes))).toEqual(['rewritten', 'cut_off']);
  });

  it('allows the oldest month to be gone whole, and nothing else of it', () => {
    const isOctober = (line: any): boolean => line.type === 'record' && line.record.at.startsWith('2026-10');
    const october = parsed.filter(isOctober).length;
    expect(october).toBeGreaterThan(0);
    const end = (less: number): string =>
      JSON.stringify({ ...parsed.at(-1), records: parsed.at(-1).records - less });
    const kept = ledger.filter((_, at) => !isOctober(parsed[at])).with(-1, end(october));
    expect(verify(kept)).toMatchObject({ problems: 0, droppedUntil: '2026-10' });
    const segmentAt = parsed.findIndex(
      ({ type, segment }) => type === 'segment' && segment.month === '2026-10',
    );
    const { from, to } = parsed[segmentAt].segment;
    const partly = ledger.toSpliced(segmentAt + 1, to - from + 1).with(-1, end(to - from + 1));
    expect(kinds(verify(partly))).toEqual(['missing']);
  });

  it('reports lines that are no ledger, and a file that is none', () => {
    expect(kinds(verify(['nonsense', '{"type":"other"}']))).toEqual(['unreadable', 'cut_off']);
    expect(kinds(verify(ledger.with(5, '{"type":"record"}')))).toContain('unreadable');
  });
});
