DELETE FROM system_settings WHERE key = 'shard_move_keep_minutes';
DROP TABLE shard_moves;
DROP TABLE shard_tables;
DROP INDEX query_history_pending_connection_idx;
ALTER TABLE query_history DROP COLUMN access;
ALTER TABLE shard_groups DROP COLUMN write_pauses;
