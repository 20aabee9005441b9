ALTER TABLE connection_permissions DROP COLUMN max_rows_per_write;
