-- What the account of the connection could do, as the last test found it; belongs to the revision in it.
ALTER TABLE database_connections ADD COLUMN account_info jsonb
  CHECK (account_info IS NULL OR jsonb_typeof(account_info) = 'object');
