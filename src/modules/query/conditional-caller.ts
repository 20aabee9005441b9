import type { Caller } from '../../common/principal';
import type { BatchCheck } from '../../database/batch-statement';
import type { ShardWay } from '../shards/shard-writes.check';

/** A caller whose runs rest on more than the service checks anyway, e.g. on the map that led to the connection. */
export interface ConditionalCaller extends Caller {
  /** Read in the commit of each intent; a run for which one does not hold is not sent to its database. */
  readonly conditions: readonly BatchCheck[];
  /** How they came to the connection of a shard. */
  readonly way?: ShardWay;
}

export function conditionsOf(caller: Caller | ConditionalCaller): readonly BatchCheck[] {
  return 'conditions' in caller ? caller.conditions : [];
}

export function wayOf(caller: Caller | ConditionalCaller): ShardWay | null {
  return ('way' in caller && caller.way) || null;
}
