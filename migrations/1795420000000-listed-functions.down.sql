ALTER TABLE connection_policies DROP COLUMN functions;
