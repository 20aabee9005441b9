DROP INDEX cached_schema_tables_cached_at_idx;
DROP TABLE job_runs;
