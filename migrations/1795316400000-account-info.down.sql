ALTER TABLE database_connections DROP COLUMN account_info;
