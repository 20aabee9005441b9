-- How far what leaves the service has got, for sinks that cannot say it themselves.
CREATE TABLE audit_sinks (
  sink text NOT NULL,
  -- A chain, or the zero UUID where the position is that of roots
  chain_id uuid NOT NULL,
  position bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (sink, chain_id)
);

INSERT INTO system_settings (key, value, description, category) VALUES
  ('audit_root_seconds', '60', 'How often the record is put under a signed root, in seconds', 'audit');
