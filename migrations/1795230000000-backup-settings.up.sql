INSERT INTO system_settings (key, value, description, category) VALUES
  ('backup_every_hours', '24', 'How often the system database is backed up, in hours; 0 never', 'backup'),
  ('backup_keep_days', '7', 'How long backups are kept, in days', 'backup');
