import { entryHash, NO_HASH, uuidBytes } from './chain-hash';
import { OpenSegment, type Segment } from './segment';

/** The end of a chain: number and hash of its last link. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: Buffer;
}

export interface Link {
  readonly chain: string;
  readonly seq: number;
  readonly hash: Buffer;
}

interface Staged extends ChainHead {
  readonly month: string;
}

/** Longest segment: a proof reads the links of one. */
const MAX_SEGMENT = 65_536;
const START: ChainHead = { seq: 0, hash: NO_HASH };

/**
 * The chain of one process. Links are staged for a commit and count when that is known to have happened, so a commit
 * that fails leaves no gap: the next one takes the same numbers.
 */
export class Chain {
  private readonly bytes: Buffer;
  private end: ChainHead = START;
  private staged: Staged[] = [];
  private open: OpenSegment | null = null;
  private closed: Segment[] = [];

  constructor(readonly id: string) {
    this.bytes = uuidBytes(id);
  }

  get head(): ChainHead {
    return this.end;
  }

  /** Where the chain ends if what is staged was committed. */
  get stagedHead(): ChainHead {
    return this.staged.at(-1) ?? this.end;
  }

  /** Stages the link of a record for the next commit. */
  stage(canonicalText: string, month: string): Link {
    const { seq: last, hash: previous } = this.stagedHead;
    const seq = last + 1;
    const hash = entryHash(this.bytes, seq, previous, canonicalText);
    this.staged.push({ seq, hash, month });
    return { chain: this.id, seq, hash };
  }

  committed(): void {
    for (const { seq, hash, month } of this.staged) {
      if (this.open && (this.open.month !== month || this.open.length >= MAX_SEGMENT)) this.closeSegment();
      this.open ??= new OpenSegment(this.id, seq, this.end.hash, month);
      this.open.add(hash);
      this.end = { seq, hash };
    }
    this.staged = [];
  }

  rolledBack(): void {
    this.staged = [];
  }

  /** Everything committed that was not taken before, as segments to be signed; `taken` forgets them. */
  segments(): readonly Segment[] {
    this.closeSegment();
    return [...this.closed];
  }

  /** @param segments of `segments()`, once they are durable */
  taken(segments: readonly Segment[]): void {
    const last = segments.at(-1)?.to ?? 0;
    this.closed = this.closed.filter(({ to }) => to > last);
  }

  private closeSegment(): void {
    if (this.open) this.closed.push(this.open.close());
    this.open = null;
  }
}
