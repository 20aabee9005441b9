-- A migrated database holds no rows, so that a backup can be restored into it; the group is made with its first shard.
DELETE FROM shard_groups g WHERE g.name = 'default' AND g.epoch = 1 AND g.global_connection_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM shards s WHERE s.group_name = g.name);
