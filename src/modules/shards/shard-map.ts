import type { ShardStatus } from './shard-status';
import type { StrategyName } from './strategies/strategy-names';

/** One shard as routing knows it; who it is to the database is the business of its connection. */
export interface Shard {
  readonly id: string;
  readonly connectionId: string;
  readonly status: ShardStatus;
  readonly region: string | null;
}

/** The shards of a group under one epoch. Every change makes another map with a higher epoch. */
export interface ShardMap {
  readonly group: string;
  readonly epoch: number;
  readonly strategy: StrategyName;
  /** The attribute of a user that is the key; the id of the user when `null`. */
  readonly keyAttribute: string | null;
  readonly bucketCount: number;
  readonly globalConnectionId: string | null;
  /** Rows of some keys lie on two shards: they are being moved, or the way back is kept. */
  readonly moving: boolean;
  readonly shards: ReadonlyMap<string, Shard>;
}
