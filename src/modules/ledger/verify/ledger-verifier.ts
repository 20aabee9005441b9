import type { KeyObject } from 'node:crypto';
import { canonicalJson } from '../../audit/chain/canonical-json';
import { entryHash, NO_HASH, sha256, uuidBytes } from '../../audit/chain/chain-hash';
import { MerkleTree, merkleRoot } from '../../audit/chain/merkle';
import { segmentLeaf } from '../../audit/chain/segment';
import {
  LEDGER_FORMAT,
  LEDGER_VERSION,
  type EndLine,
  type HeaderLine,
  type LedgerLine,
  type PeriodLine,
  type RecordLine,
  type SegmentLine,
  type TailLine,
} from '../export/ledger-line';
import { segmentOf, type SegmentJson } from '../root-line';
import { isSignedBy } from '../signing-key';
import type { Finding, Verdict } from './finding';

const MAX_FINDINGS = 1000;

interface Position {
  readonly seq: number;
  readonly hash: Buffer;
}

/** The stretch of a chain whose records come now. */
interface Stretch {
  readonly chain: string;
  readonly bytes: Buffer;
  /** `null`: the end of a chain, which no root covers. */
  readonly segment: SegmentJson | null;
  readonly closedSeq: number | null;
  seq: number;
  hash: Buffer;
  records: number;
  /** The tree over the links, until something is wrong with them. */
  tree: MerkleTree | null;
}

export interface VerifierOptions {
  /** By their ids. Without the one that signed a root, nothing it covers is believed. */
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** Hashes of roots, by number, as a sink outside of the table has them. */
  readonly knownRoots?: ReadonlyMap<number, string>;
}

/**
 * Checks a ledger line by line. Its memory does not grow with the records: it holds the end of each chain, and one
 * stretch at a time.
 */
export class LedgerVerifier {
  private readonly findings: Finding[] = [];
  private problems = 0;
  private lines = 0;
  private records = 0;
  private roots = 0;
  private unsigned = 0;
  private header: HeaderLine | null = null;
  private end: EndLine | null = null;
  private readonly ends = new Map<string, Position>();
  private stretch: Stretch | null = null;
  private leaves: Buffer[] = [];
  private lastRoot = { number: 0, hash: NO_HASH.toString('hex') };
  private from: string | null = null;
  private to: string | null = null;
  private droppedUntil: string | null = null;
  private firstMonth: string | null = null;

  constructor(private readonly options: VerifierOptions) {}

  add(text: string): void {
    this.lines += 1;
    if (text === '') return;
    let line: LedgerLine;
    try {
      line = JSON.parse(text) as LedgerLine;
      this.take(line);
    } catch (error) {
      this.find({
        kind: 'unreadable',
        message: `line ${this.lines} cannot be read: ${(error as Error).message}`,
      });
    }
  }

  finish(): Verdict {
    this.closeStretch();
    if (!this.header) this.find({ kind: 'unreadable', message: 'this is no ledger: it has no header' });
    if (this.leaves.length > 0) {
      this.find({ kind: 'missing_root', message: `the root after root ${this.lastRoot.number} is missing` });
    }
    this.checkEnd();
    if (this.droppedUntil !== null && this.firstMonth !== null && this.droppedUntil >= this.firstMonth) {
      const message = `records of ${this.firstMonth} are missing although others of that month are there`;
      this.find({ kind: 'missing', message });
    }
    if (this.header?.complete) this.checkKnownRoots();
    return {
      findings: this.findings,
      problems: this.problems,
      records: this.records,
      roots: this.roots,
      chains: this.ends.size,
      unsigned: this.unsigned,
      from: this.from,
      to: this.to,
      droppedUntil: this.droppedUntil,
      complete: this.header?.complete ?? false,
    };
  }

  private take(line: LedgerLine): void {
    if (line.type === 'record') this.takeRecord(line);
    else if (line.type === 'segment') this.takeSegment(line);
    else if (line.type === 'root') this.takeRoot(line);
    else if (line.type === 'tail') this.takeTail(line);
    else if (line.type === 'header') this.takeHeader(line);
    else if (line.type === 'end') this.end = line;
    else throw new Error('its type is unknown');
  }

  private takeHeader(line: HeaderLine): void {
    if (line.format !== LEDGER_FORMAT || line.version !== LEDGER_VERSION) {
      throw new Error(`it is not of the format ${LEDGER_FORMAT} ${LEDGER_VERSION}`);
    }
    this.header = line;
    this.lastRoot = line.after;
  }

  private takeSegment({ segment }: SegmentLine): void {
    this.closeStretch();
    const { chain, from, to } = segment;
    const known = this.ends.get(chain);
    if (known && known.seq + 1 !== from) {
      const message =
        known.seq + 1 < from
          ? `records ${known.seq + 1} to ${from - 1} of chain ${chain} are missing`
          : `records from ${from} of chain ${chain} come again`;
      this.find({ kind: known.seq + 1 < from ? 'missing' : 'out_of_order', message, chain, seq: from });
    } else if (known && known.hash.toString('hex') !== segment.previous) {
      this.find({
        kind: 'rewritten',
        message: `chain ${chain} does not go on at ${from} where it was`,
        chain,
        seq: from,
      });
    } else if (!known && from > 1 && this.droppedUntil === null && this.header?.after.number === 0) {
      this.find({
        kind: 'missing',
        message: `records 1 to ${from - 1} of chain ${chain} are missing`,
        chain,
        seq: 1,
      });
    }
    const whole = segmentOf(segment);
    this.leaves.push(segmentLeaf(whole));
    this.open(chain, segment, null, from - 1, whole.previous);
    // Where the next one has to go on, whatever its records turn out to be: the root will vouch for it.
    this.ends.set(chain, { seq: to, hash: whole.head });
  }

  private takeTail({ chain, closedSeq }: TailLine): void {
    this.closeStretch();
    const known = this.ends.get(chain);
    this.open(chain, null, closedSeq, known?.seq ?? 0, known?.hash ?? NO_HASH);
  }

  private open(
    chain: string,
    segment: SegmentJson | null,
    closedSeq: number | null,
    seq: number,
    hash: Buffer,
  ): void {
    const tree = new MerkleTree();
    this.stretch = { chain, bytes: uuidBytes(chain), segment, closedSeq, seq, hash, records: 0, tree };
  }

  private takeRecord(line: RecordLine): void {
    this.records += 1;
    const recordId = line.record.id;
    if (line.chain === null || line.seq === null || line.link === null) {
      this.find({ kind: 'unknown_record', message: `record ${recordId} is in no chain`, recordId });
    } else if (!this.header?.complete) {
      this.takeAlone(line.chain, line.seq, line.link, line);
    } else if (!this.stretch || this.stretch.chain !== line.chain) {
      const { chain, seq } = line;
      this.find({
        kind: 'unknown_record',
        message: `record ${seq} of chain ${chain} is not where it belongs`,
        chain,
        seq,
        recordId,
      });
    } else {
      this.takeNext(this.stretch, line.seq, line.link, line);
    }
  }

  /** A record that a filter chose: it can only be held against itself. */
  private takeAlone(chain: string, seq: number, link: string, { previous, record }: RecordLine): void {
    const before = Buffer.from(previous ?? '', 'hex');
    const own = entryHash(uuidBytes(chain), seq, before, canonicalJson(record)).toString('hex');
    if (before.length !== NO_HASH.length || own !== link) this.findEdited(chain, seq, record.id);
  }

  private takeNext(stretch: Stretch, seq: number, link: string, { record }: RecordLine): void {
    const { chain, segment } = stretch;
    const recordId = record.id;
    if (seq <= stretch.seq) {
      stretch.tree = null;
      const message = `record ${seq} of chain ${chain} comes again or after a later one`;
      this.find({ kind: 'out_of_order', message, chain, seq, recordId });
      return;
    }
    if (seq > stretch.seq + 1) {
      this.findMissing(chain, stretch.seq + 1, seq - 1);
      stretch.tree = null;
    } else {
      const own = entryHash(stretch.bytes, seq, stretch.hash, canonicalJson(record)).toString('hex');
      if (own !== link) {
        stretch.tree = null;
        this.findEdited(chain, seq, recordId);
      }
    }
    if (segment && seq > segment.to) {
      stretch.tree = null;
      this.find({
        kind: 'unknown_record',
        message: `record ${seq} of chain ${chain} is beyond its segment`,
        chain,
        seq,
        recordId,
      });
    }
    if (!segment) this.takeUnsigned(stretch, seq, recordId);
    stretch.seq = seq;
    stretch.hash = Buffer.from(link, 'hex');
    stretch.records += 1;
    stretch.tree?.add(stretch.hash);
  }

  private takeUnsigned({ chain, closedSeq }: Stretch, seq: number, recordId: string): void {
    this.unsigned += 1;
    if (closedSeq === null || seq <= closedSeq) return;
    this.find({
      kind: 'unknown_record',
      message: `record ${seq} of chain ${chain} came after that was closed`,
      chain,
      seq,
      recordId,
    });
  }

  private closeStretch(): void {
    const { stretch } = this;
    this.stretch = null;
    if (!stretch) return;
    const { segment, chain } = stretch;
    if (!segment) {
      this.ends.set(chain, { seq: stretch.seq, hash: stretch.hash });
      return;
    }
    const { from, to, month } = segment;
    if (stretch.records === 0) {
      // Months are dropped from the oldest; anything else that is away was taken away.
      if (this.firstMonth !== null && month >= this.firstMonth) this.findMissing(chain, from, to);
      else this.droppedUntil = month;
      return;
    }
    this.firstMonth = this.firstMonth === null || month < this.firstMonth ? month : this.firstMonth;
    if (stretch.seq < to) this.findMissing(chain, stretch.seq + 1, to);
    else if (
      stretch.tree &&
      (stretch.hash.toString('hex') !== segment.head || stretch.tree.root().toString('hex') !== segment.tree)
    ) {
      const message = `records ${from} to ${to} of chain ${chain} were rewritten: they are linked, but not to what was signed`;
      this.find({ kind: 'rewritten', message, chain, seq: from });
    }
  }

  private takeRoot({ root, hash, keyId, signature }: PeriodLine): void {
    this.closeStretch();
    const { leaves } = this;
    this.leaves = [];
    this.roots += 1;
    this.from ??= root.at;
    const period = `root ${root.number} (after ${this.to ?? 'the beginning'}, until ${root.at})`;
    this.to = root.at;
    const wrong = (kind: Finding['kind'], what: string): void =>
      this.find({ kind, message: `${period} ${what}`, root: root.number });
    if (root.number !== this.lastRoot.number + 1) {
      wrong('missing_root', `follows root ${this.lastRoot.number}: what lies between is missing`);
    } else if (root.previous !== this.lastRoot.hash)
      wrong('bad_root', 'does not follow from the root before it');
    const text = canonicalJson(root);
    const own = sha256(text).toString('hex');
    if (own !== hash) wrong('bad_root', 'has another hash than it says');
    const tree = leaves.length > 0 ? merkleRoot(leaves).toString('hex') : null;
    if (tree !== root.tree || leaves.length !== root.segments)
      wrong('bad_root', 'covers other segments than are there');
    const key = this.options.keys.get(keyId);
    if (!key) wrong('bad_signature', `is signed by key ${keyId}, which was not given`);
    else if (!isSignedBy(key, text, Buffer.from(signature, 'base64')))
      wrong('bad_signature', 'is not signed by the key it names');
    const known = this.options.knownRoots?.get(root.number);
    if (known !== undefined && known !== own) wrong('rewritten', 'is not the one that the file of roots has');
    this.lastRoot = { number: root.number, hash: own };
  }

  private checkEnd(): void {
    if (!this.end) this.find({ kind: 'cut_off', message: 'the file has no end: it was cut off' });
    else if (this.end.records !== this.records || this.end.roots !== this.roots) {
      const message = `the file says it has ${this.end.records} records and ${this.end.roots} roots, and has ${this.records} and ${this.roots}`;
      this.find({ kind: 'missing', message });
    }
  }

  private checkKnownRoots(): void {
    const last = Math.max(0, ...lastOf(this.options.knownRoots));
    if (last <= this.lastRoot.number) return;
    const message = `roots ${this.lastRoot.number + 1} to ${last} of the file of roots are missing: the end was cut off after ${this.to ?? 'the beginning'}`;
    this.find({ kind: 'cut_off', message, root: this.lastRoot.number + 1 });
  }

  private findMissing(chain: string, from: number, to: number): void {
    const what =
      from === to
        ? `record ${from} of chain ${chain} is missing`
        : `records ${from} to ${to} of chain ${chain} are missing`;
    this.find({ kind: 'missing', message: what, chain, seq: from });
  }

  private findEdited(chain: string, seq: number, recordId: string): void {
    const message = `record ${seq} of chain ${chain} (${recordId}) was edited: it is not what was linked`;
    this.find({ kind: 'edited', message, chain, seq, recordId });
  }

  private find(finding: Finding): void {
    this.problems += 1;
    if (this.findings.length < MAX_FINDINGS) this.findings.push(finding);
  }
}

/** The last number, as a list: roots are in order, and there may be too many to spread. */
function lastOf(roots: ReadonlyMap<number, string> | undefined): number[] {
  let last = 0;
  for (const number of roots?.keys() ?? []) last = Math.max(last, number);
  return [last];
}
