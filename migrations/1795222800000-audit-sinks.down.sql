DELETE FROM system_settings WHERE key = 'audit_root_seconds';
DROP TABLE audit_sinks;
