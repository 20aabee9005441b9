import { canonicalJson } from './canonical-json';
import { NO_HASH, segmentHash } from './chain-hash';
import { MerkleTree } from './merkle';

/** A stretch of one chain within one month, as a root covers it. */
export interface Segment {
  readonly chain: string;
  readonly from: number;
  readonly to: number;
  /** `2026-11`: of its records, so that dropping a month drops whole segments. */
  readonly month: string;
  /** The link before its first record. */
  readonly previous: Buffer;
  /** The link of its last record. */
  readonly head: Buffer;
  /** Root of the tree over its links. */
  readonly tree: Buffer;
}

/** What stands for a segment in the tree of a root. */
export function segmentLeaf(segment: Segment): Buffer {
  return segmentHash(canonicalSegment(segment));
}

export function canonicalSegment({ chain, from, to, month, previous, head, tree }: Segment): string {
  return canonicalJson({
    chain,
    from,
    to,
    month,
    previous: previous.toString('hex'),
    head: head.toString('hex'),
    tree: tree.toString('hex'),
  });
}

/** A segment that still grows. */
export class OpenSegment {
  private readonly tree = new MerkleTree();
  private to: number;
  private head: Buffer = NO_HASH;

  constructor(
    private readonly chain: string,
    private readonly from: number,
    private readonly previous: Buffer,
    readonly month: string,
  ) {
    this.to = from - 1;
  }

  get length(): number {
    return this.to - this.from + 1;
  }

  add(link: Buffer): void {
    this.tree.add(link);
    this.head = link;
    this.to += 1;
  }

  close(): Segment {
    const { chain, from, to, month, previous, head } = this;
    return { chain, from, to, month, previous, head, tree: this.tree.root() };
  }
}
