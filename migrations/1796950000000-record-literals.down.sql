ALTER TABLE query_history DROP COLUMN result_bytes;
ALTER TABLE database_connections DROP COLUMN record_literals;
