-- Functions that an administrator lets statements of a connection call, beside the built-in ones that only compute.
ALTER TABLE connection_policies ADD COLUMN functions text[] NOT NULL DEFAULT '{}';
