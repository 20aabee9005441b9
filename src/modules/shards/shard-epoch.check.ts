import { batchCheck, type BatchCheck, type BatchStatement } from '../../database/batch-statement';
import type { ShardMap } from './shard-map';

const statement: BatchStatement<string> = {
  name: 'shard_map_unchanged',
  sql: `SELECT g.name || ':' || g.epoch AS key FROM shard_groups g WHERE g.name = ANY($1::text[])`,
  columns: [(group) => group],
};

/** Holds while the map a route was found on is the map. */
export function shardMapUnchanged({ group, epoch }: Pick<ShardMap, 'group' | 'epoch'>): BatchCheck {
  return batchCheck(statement, group, `${group}:${epoch}`, 'shard.map_changed');
}
