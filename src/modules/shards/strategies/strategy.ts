import type { Shard, ShardMap } from '../shard-map';

export type KeyAttributes = Readonly<Record<string, string | number | boolean | null>>;

/** How keys come to shards. A slot belongs to one shard from its first use until it is moved. */
export interface Strategy {
  /** What of the key is assigned: the key itself, or something many keys share. At most 200 characters. */
  readonly slotOf: (key: string, map: Pick<ShardMap, 'bucketCount'>) => string;
  /** The shards that may get a slot that belongs to nobody yet, of those that take slots. */
  readonly candidatesFor: (attributes: KeyAttributes, shards: readonly Shard[]) => readonly Shard[];
}
