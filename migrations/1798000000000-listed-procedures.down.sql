ALTER TABLE connection_permissions DROP COLUMN procedures;
