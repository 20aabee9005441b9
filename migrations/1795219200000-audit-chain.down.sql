DROP FUNCTION drop_audit_partition(text);
DROP FUNCTION ensure_audit_partitions(timestamptz, integer);
DROP TRIGGER audit_logs_frozen ON audit_logs;
DROP TRIGGER audit_logs_whole ON audit_logs;
DO $$
DECLARE
  partition text;
BEGIN
  FOR partition IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass LOOP
    EXECUTE format('DROP TRIGGER audit_logs_whole ON %I', partition);
    EXECUTE format('ALTER TABLE %I OWNER TO CURRENT_USER', partition);
  END LOOP;
END $$;
ALTER TABLE audit_logs OWNER TO CURRENT_USER;
DROP TABLE audit_keys, audit_segments, audit_roots, audit_chains, audit_outbox;
DROP FUNCTION audit_refuse_change();
DROP FUNCTION audit_set_once();
DROP INDEX audit_logs_chain_idx;
ALTER TABLE audit_logs
  DROP CONSTRAINT audit_logs_chain_check,
  DROP COLUMN version,
  DROP COLUMN chain_id,
  DROP COLUMN chain_seq,
  DROP COLUMN entry_hash,
  DROP COLUMN user_id;
ALTER TABLE audit_logs ADD COLUMN user_id uuid REFERENCES users (id) ON DELETE SET NULL;
CREATE INDEX audit_logs_user_id_idx ON audit_logs (user_id, created_at DESC);
CREATE FUNCTION ensure_audit_partitions(since timestamptz, ahead integer) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
  month timestamptz := date_trunc('month', since, 'UTC');
  partition text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('sluice.audit_partitions'));
  WHILE month <= date_trunc('month', now(), 'UTC') + make_interval(months => ahead) LOOP
    partition := 'audit_logs_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
    IF to_regclass(partition) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF audit_logs FOR VALUES FROM (%L) TO (%L)',
        partition, month, date_trunc('month', month + interval '32 days', 'UTC'));
      RETURN NEXT partition;
    END IF;
    month := date_trunc('month', month + interval '32 days', 'UTC');
  END LOOP;
END $$;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_audit') THEN
    REVOKE ALL ON system_settings FROM sluice_audit;
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM sluice_audit', current_schema());
  END IF;
END $$;
