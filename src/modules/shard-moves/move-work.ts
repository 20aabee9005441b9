import type { MoveDirection } from './move-state';
import type { MoveLease } from './move-store';
import type { MoveRange } from './move-table';
import type { ShardMove, TableProgress } from './shard-move.entity';
import type { ShardSide } from './shard-side';

/** A shard of a move, with its rows. */
export interface MoveEnd {
  readonly shardId: string;
  readonly connectionId: string;
  readonly side: ShardSide;
}

/** What a step has to do with. */
export interface MoveWork {
  readonly lease: MoveLease;
  readonly move: ShardMove;
  /** Who owns the keys until the flip. */
  readonly from: MoveEnd;
  readonly to: MoveEnd;
  /** Ends the step: another has the move, or an administrator wants something else. */
  readonly signal: AbortSignal;
}

/** Which of source and target is which. */
export function endsOf<End>(
  direction: MoveDirection,
  { source, target }: { readonly source: End; readonly target: End },
): { readonly from: End; readonly to: End } {
  return direction === 'forward' ? { from: source, to: target } : { from: target, to: source };
}

export function rangeOf({ keys, slots }: Pick<ShardMove, 'keys' | 'slots'>, bucketCount: number): MoveRange {
  return keys ? { kind: 'keys', keys } : { kind: 'buckets', buckets: slots.map(Number), bucketCount };
}

export const noProgress: TableProgress = { copied: 0, after: null, rows: null, deleted: 0 };
