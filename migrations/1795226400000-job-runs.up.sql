-- When the jobs of the cluster ran last: whoever starts sees what was missed meanwhile.
CREATE TABLE job_runs (
  job varchar(60) PRIMARY KEY,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  error text,
  -- What it did, in numbers
  report jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX cached_schema_tables_cached_at_idx ON cached_schema_tables (cached_at);
