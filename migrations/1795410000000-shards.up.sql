-- What belongs together: one map from keys to shards, beside one database for what is not sharded.
CREATE TABLE shard_groups (
  name varchar(63) PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9_-]*$'),
  strategy varchar(20) NOT NULL CHECK (strategy IN ('directory', 'hash', 'region')),
  key_attribute varchar(63) CHECK (key_attribute ~ '^[a-z][a-z0-9_]*$'),
  bucket_count integer NOT NULL DEFAULT 4096 CHECK (bucket_count BETWEEN 1 AND 65536),
  global_connection_id uuid REFERENCES database_connections (id) ON DELETE RESTRICT,
  epoch integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN shard_groups.key_attribute IS 'the attribute of a user that is the key; the id of the user without';
COMMENT ON COLUMN shard_groups.epoch IS 'raised by every change of the map, in its transaction';
CREATE INDEX shard_groups_global_connection_idx ON shard_groups (global_connection_id);
CREATE TRIGGER shard_groups_touch BEFORE UPDATE ON shard_groups
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
INSERT INTO shard_groups (name, strategy) VALUES ('default', 'hash');

CREATE TABLE shards (
  id varchar(63) PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9_-]*$'),
  group_name varchar(63) NOT NULL REFERENCES shard_groups (name) ON DELETE RESTRICT,
  connection_id uuid NOT NULL UNIQUE REFERENCES database_connections (id) ON DELETE RESTRICT,
  status varchar(20) NOT NULL CHECK (status IN ('active', 'draining', 'read_only', 'maintenance', 'inactive')),
  region varchar(100),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (group_name, id)
);
CREATE TRIGGER shards_touch BEFORE UPDATE ON shards
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- Who owns a slot: a key, or with the strategy hash a bucket. One row, so never two owners.
CREATE TABLE shard_assignments (
  group_name varchar(63) NOT NULL,
  slot varchar(200) NOT NULL,
  shard_id varchar(63) NOT NULL,
  assigned_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (group_name, slot),
  FOREIGN KEY (group_name, shard_id) REFERENCES shards (group_name, id) ON DELETE RESTRICT
);
CREATE INDEX shard_assignments_shard_idx ON shard_assignments (group_name, shard_id);

-- The shard that a session carries, and the epoch under which that was found.
CREATE TABLE session_shards (
  session_id uuid NOT NULL REFERENCES user_sessions (id) ON DELETE CASCADE,
  group_name varchar(63) NOT NULL REFERENCES shard_groups (name) ON DELETE CASCADE,
  slot varchar(200) NOT NULL,
  shard_id varchar(63) NOT NULL,
  epoch integer NOT NULL,
  PRIMARY KEY (session_id, group_name)
);
CREATE INDEX session_shards_group_idx ON session_shards (group_name);
