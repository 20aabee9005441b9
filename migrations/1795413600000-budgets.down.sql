DROP TABLE connection_usage;
ALTER TABLE connection_permissions
  DROP COLUMN max_concurrent_queries,
  DROP COLUMN daily_runs,
  DROP COLUMN daily_rows,
  DROP COLUMN daily_seconds;
