DROP TABLE write_marks;
DELETE FROM system_settings WHERE key = 'max_replica_lag_ms';
