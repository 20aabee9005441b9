-- How long results of this connection may be used; null: as the setting says, 0: never.
ALTER TABLE database_connections
  ADD COLUMN cache_ttl_seconds integer CHECK (cache_ttl_seconds BETWEEN 0 AND 86400);

-- How often what lies behind a place (a server, or a file) was written through the gate, by process: each counts for itself,
-- so that none waits for another. Their sum only grows.
CREATE TABLE write_generations (
  place text NOT NULL,
  instance_id uuid NOT NULL,
  generation bigint NOT NULL,
  counted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (place, instance_id)
) WITH (fillfactor = 50);
COMMENT ON COLUMN write_generations.instance_id IS 'the nil UUID has what processes counted that are gone';

-- Writes that may not have ended; nothing that is read meanwhile is kept.
CREATE TABLE writes_under_way (
  run_id uuid PRIMARY KEY,
  place text NOT NULL,
  until timestamptz NOT NULL
);
COMMENT ON COLUMN writes_under_way.until IS 'by then its server has ended it, whatever became of the process that sent it';
CREATE INDEX writes_under_way_place ON writes_under_way (place);

INSERT INTO system_settings (key, value, description, category) VALUES
  ('cache_memory_mib', '64', 'Memory of each replica for cached results, in MiB', 'query')
ON CONFLICT (key) DO NOTHING;
