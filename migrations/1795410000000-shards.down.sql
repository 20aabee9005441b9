DROP TABLE session_shards;
DROP TABLE shard_assignments;
DROP TABLE shards;
DROP TABLE shard_groups;
