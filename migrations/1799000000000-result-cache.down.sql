DELETE FROM system_settings WHERE key = 'cache_memory_mib';
DROP TABLE writes_under_way;
DROP TABLE write_generations;
ALTER TABLE database_connections DROP COLUMN cache_ttl_seconds;
