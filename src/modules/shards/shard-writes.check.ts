import { batchCheck, type BatchCheck, type BatchStatement } from '../../database/batch-statement';

/** How a request came to the connection of a shard. */
export interface ShardWay {
  /** Of the map that led there. */
  readonly epoch: number;
  /** What of the map belongs to the caller's key; `null` when the shard was named instead. */
  readonly slot: string | null;
}

interface Write {
  readonly connectionId: string;
  readonly way: ShardWay | null;
}

/**
 * The group is locked in share mode until the intent is committed. Who pauses writes or changes the map updates that row,
 * and so waits for every intent that did not know of it; who comes later waits for them, and then sees the row as they
 * left it (PostgreSQL manual, "Read Committed Isolation Level"). A look without the lock would be one on a snapshot that
 * is older than the commit it is part of.
 */
const statement: BatchStatement<Write> = {
  name: 'shard_writes',
  sql: `SELECT v.key FROM (
      SELECT w.connection_id, w.epoch, w.slot, g.epoch AS current, g.write_pauses AS pauses
      FROM unnest($1::uuid[], $2::int[], $3::text[]) AS w(connection_id, epoch, slot)
      JOIN shards s ON s.connection_id = w.connection_id JOIN shard_groups g ON g.name = s.group_name
      FOR SHARE OF g) AS locked,
    LATERAL (
      SELECT locked.connection_id || ' epoch ' || locked.epoch WHERE locked.epoch = locked.current
      UNION ALL
      SELECT locked.connection_id || ' slot ' || coalesce(locked.slot, '') WHERE NOT EXISTS (
        SELECT 1 FROM jsonb_array_elements(locked.pauses) AS p
        WHERE p ->> 'connectionId' = locked.connection_id::text AND (p ->> 'until')::timestamptz > clock_timestamp()
          AND (locked.slot IS NULL OR p -> 'slots' ? locked.slot))) AS v(key)
    UNION ALL
    SELECT w.connection_id || ' slot ' FROM unnest($1::uuid[]) AS w(connection_id)
    WHERE NOT EXISTS (SELECT 1 FROM shards s WHERE s.connection_id = w.connection_id)`,
  columns: [({ connectionId }) => connectionId, ({ way }) => way?.epoch, ({ way }) => way?.slot],
};

/**
 * Hold while a write may go to a connection: always, where it is no shard's; else while the map is the one that led there
 * and the rows it may change are not about to change their shard.
 * @param way `null` for whoever names the connection: nothing is known of the rows then, so any pause is theirs
 */
export function shardWritesOpen(connectionId: string, way: ShardWay | null): BatchCheck[] {
  const write: Write = { connectionId, way };
  const open = batchCheck(statement, write, `${connectionId} slot ${way?.slot ?? ''}`, 'shard.moving');
  if (!way) return [open];
  return [batchCheck(statement, write, `${connectionId} epoch ${way.epoch}`, 'shard.map_changed'), open];
}
