INSERT INTO shard_groups (name, strategy) VALUES ('default', 'hash') ON CONFLICT DO NOTHING;
