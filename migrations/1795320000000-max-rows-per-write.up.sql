ALTER TABLE connection_permissions ADD COLUMN max_rows_per_write integer DEFAULT 10000 CHECK (max_rows_per_write > 0);
COMMENT ON COLUMN connection_permissions.max_rows_per_write IS 'a write that changes more is rolled back; null: no cap';
