-- Writes that wait while keys change their shard: [{move, connectionId, slots, until}]. In the row of the group, because the
-- intents of writes lock this row, and of a row that was locked they see what it is now, not what it was.
ALTER TABLE shard_groups ADD COLUMN write_pauses jsonb NOT NULL DEFAULT '[]';

-- Whether a run may change something; what is not known counts as a write.
ALTER TABLE query_history ADD COLUMN access varchar(5) CHECK (access IN ('read', 'write'));
CREATE INDEX query_history_pending_connection_idx ON query_history (connection_id) WHERE status = 'pending';

-- The tables of the shards of a group: with the column that holds the key, or without for what is not moved.
CREATE TABLE shard_tables (
  group_name varchar(63) NOT NULL REFERENCES shard_groups (name) ON DELETE CASCADE,
  schema_name varchar(128) NOT NULL DEFAULT '',
  table_name varchar(128) NOT NULL,
  key_column varchar(128),
  PRIMARY KEY (group_name, schema_name, table_name)
);
COMMENT ON COLUMN shard_tables.schema_name IS 'empty where the engine has no schemas inside a database';
COMMENT ON COLUMN shard_tables.key_column IS 'null for a table that every shard has for itself: it is not moved';

CREATE TABLE shard_moves (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  group_name varchar(63) NOT NULL REFERENCES shard_groups (name) ON DELETE RESTRICT,
  source_id varchar(63) NOT NULL,
  target_id varchar(63) NOT NULL,
  slots text[] NOT NULL CHECK (cardinality(slots) > 0),
  keys text[],
  tables jsonb NOT NULL,
  state varchar(20) NOT NULL CHECK (state IN ('copying', 'catching_up', 'cutting_over', 'verifying', 'flipped',
    'cleaning', 'done', 'stopped', 'failed', 'undone')),
  direction varchar(10) NOT NULL DEFAULT 'forward' CHECK (direction IN ('forward', 'back')),
  resume_state varchar(20),
  wish varchar(10) CHECK (wish IN ('stop', 'resume', 'undo')),
  progress jsonb NOT NULL DEFAULT '{}',
  error_code varchar(64),
  error_detail text,
  failures integer NOT NULL DEFAULT 0,
  cutovers integer NOT NULL DEFAULT 0,
  pause_ms integer,
  retry_at timestamptz,
  flipped_at timestamptz,
  keep_until timestamptz,
  runner uuid,
  lease_number bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  created_by uuid REFERENCES users (id) ON DELETE SET NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
COMMENT ON COLUMN shard_moves.slots IS 'what of the map changes its owner: keys, or buckets';
COMMENT ON COLUMN shard_moves.tables IS 'the tables as they were found when the move began, parents first';
COMMENT ON COLUMN shard_moves.wish IS 'what an administrator wants and the runner has not done yet';
COMMENT ON COLUMN shard_moves.lease_number IS 'raised by every runner that takes the move over: whoever has an earlier one writes nothing any more';
CREATE INDEX shard_moves_group_idx ON shard_moves (group_name, created_at DESC, id DESC);
CREATE INDEX shard_moves_created_idx ON shard_moves (created_at DESC, id DESC);
CREATE INDEX shard_moves_created_by_idx ON shard_moves (created_by);
CREATE INDEX shard_moves_open_idx ON shard_moves (group_name) WHERE finished_at IS NULL;
CREATE TRIGGER shard_moves_touch BEFORE UPDATE ON shard_moves
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

INSERT INTO system_settings (key, value, description, category) VALUES
  ('shard_move_keep_minutes', '60', 'How long the rows of moved keys stay where they were, in minutes', 'shards');
