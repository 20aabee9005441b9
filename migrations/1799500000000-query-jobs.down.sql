DELETE FROM system_settings WHERE category = 'background';
DROP TABLE query_jobs;
