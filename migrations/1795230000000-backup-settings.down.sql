DELETE FROM system_settings WHERE category = 'backup';
