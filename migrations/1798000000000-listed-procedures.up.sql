-- Procedures that the holder of a permission may call: [{"procedure", "reads", "writes"}]. Beside the permission, so that
-- whatever changes there is a new version of it.
ALTER TABLE connection_permissions
  ADD COLUMN procedures jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(procedures) = 'array');
