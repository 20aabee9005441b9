INSERT INTO system_settings (key, value, description, category) VALUES
  ('max_replica_lag_ms', '10000', 'A replica that may lack more than the last so many milliseconds is not read from', 'query');

-- What was written lately through connections with replicas, by which credential, and how far a replica must be to have it.
-- Without foreign keys: a mark is written in one statement with the records of many other requests, and must not fail
-- because a connection was deleted meanwhile.
CREATE TABLE write_marks (
  run_id uuid PRIMARY KEY,
  connection_id uuid NOT NULL,
  credential_id uuid NOT NULL,
  instance_id uuid NOT NULL,
  position text,
  created_at timestamptz NOT NULL DEFAULT now(),
  settled_at timestamptz
) WITH (fillfactor = 50);
COMMENT ON COLUMN write_marks.credential_id IS 'the session or the API key';
COMMENT ON COLUMN write_marks.position IS 'null until the write has ended and the primary has told: until then its credential reads from the primary';
CREATE INDEX write_marks_connection ON write_marks (connection_id);
