ALTER TABLE saved_results DROP COLUMN policy_key;
ALTER TABLE users DROP COLUMN attributes;
DROP TABLE connection_policies;
ALTER TABLE database_connections DROP COLUMN policy_epoch;
