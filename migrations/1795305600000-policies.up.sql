-- Raised by every change of the connection's policies; 0 is a connection that never had any.
ALTER TABLE database_connections ADD COLUMN policy_epoch integer NOT NULL DEFAULT 0;

CREATE TABLE connection_policies (
  id uuid PRIMARY KEY REFERENCES database_connections (id) ON DELETE CASCADE,
  epoch integer NOT NULL,
  items jsonb NOT NULL,
  hash_key jsonb NOT NULL,
  updated_by uuid REFERENCES users (id) ON DELETE SET NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN connection_policies.id IS 'the connection';
COMMENT ON COLUMN connection_policies.hash_key IS 'sealed; key of the hash mask, kept for as long as the connection lives';
CREATE INDEX connection_policies_updated_by ON connection_policies (updated_by);

-- Values that row filters may name as :attribute.
ALTER TABLE users ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}'
  CHECK (jsonb_typeof(attributes) = 'object');

-- Results of before were kept without policies.
ALTER TABLE saved_results ADD COLUMN policy_key text NOT NULL DEFAULT '';
