-- The record as chains of hashes under signed roots (docs/audit.md).

-- Who it was is `actor_id`; a reference that deleting a user empties would rewrite a record.
ALTER TABLE audit_logs DROP COLUMN user_id;
ALTER TABLE audit_logs ADD COLUMN user_id uuid GENERATED ALWAYS AS (actor_id) STORED;
CREATE INDEX audit_logs_user_id_idx ON audit_logs (user_id, created_at DESC);

-- NULL in all four: from before there were chains.
ALTER TABLE audit_logs
  ADD COLUMN version smallint,
  ADD COLUMN chain_id uuid,
  ADD COLUMN chain_seq bigint,
  ADD COLUMN entry_hash bytea,
  ADD CONSTRAINT audit_logs_chain_check CHECK (
    num_nulls(version, chain_id, chain_seq, entry_hash) IN (0, 4)
    AND (chain_seq IS NULL OR chain_seq > 0) AND (entry_hash IS NULL OR octet_length(entry_hash) = 32));
CREATE INDEX audit_logs_chain_idx ON audit_logs (chain_id, chain_seq);

-- Records written in the transaction of a change, until they are in a chain a moment after it has committed.
CREATE TABLE audit_outbox (
  id uuid PRIMARY KEY,
  instance_id uuid NOT NULL,
  -- The canonical form, and its HMAC under a key that the database does not know
  record text NOT NULL,
  mac bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE audit_chains (
  id uuid PRIMARY KEY,
  instance_id uuid NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Set when nothing is added any more, with the number of the last record
  closed_at timestamptz,
  closed_seq bigint,
  CHECK ((closed_at IS NULL) = (closed_seq IS NULL))
);
CREATE INDEX audit_chains_open_idx ON audit_chains (started_at) WHERE closed_at IS NULL;

CREATE TABLE audit_roots (
  number bigint PRIMARY KEY CHECK (number > 0),
  -- The canonical form, which is what was signed
  body text NOT NULL,
  hash bytea NOT NULL,
  key_id text NOT NULL,
  signature bytea NOT NULL
);

-- A stretch of one chain within one month. Its root is set when it is signed.
CREATE TABLE audit_segments (
  chain_id uuid NOT NULL REFERENCES audit_chains (id),
  from_seq bigint NOT NULL CHECK (from_seq > 0),
  to_seq bigint NOT NULL CHECK (to_seq >= from_seq),
  month char(7) NOT NULL,
  previous bytea NOT NULL,
  head bytea NOT NULL,
  tree bytea NOT NULL,
  root_number bigint REFERENCES audit_roots (number),
  root_index integer,
  PRIMARY KEY (chain_id, from_seq),
  CHECK ((root_number IS NULL) = (root_index IS NULL))
);
CREATE INDEX audit_segments_root_idx ON audit_segments (root_number, root_index);

CREATE TABLE audit_keys (
  id text PRIMARY KEY,
  -- PEM, SubjectPublicKeyInfo
  public_key text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What is written stays written. Privileges say the same where the service is not the owner; this holds for owners, too.
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is refused: the record is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- Values may be set where there were none, and nothing else.
CREATE FUNCTION audit_set_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT to_jsonb(NEW) @> jsonb_strip_nulls(to_jsonb(OLD)) THEN
    RAISE EXCEPTION 'UPDATE of % is refused: the record is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER audit_logs_frozen BEFORE UPDATE OR DELETE ON audit_logs
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_logs_whole BEFORE TRUNCATE ON audit_logs
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_roots_frozen BEFORE UPDATE OR DELETE ON audit_roots
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_roots_whole BEFORE TRUNCATE ON audit_roots
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_keys_frozen BEFORE UPDATE OR DELETE ON audit_keys
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_keys_whole BEFORE TRUNCATE ON audit_keys
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_segments_frozen BEFORE DELETE ON audit_segments
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_segments_set_once BEFORE UPDATE ON audit_segments
  FOR EACH ROW EXECUTE FUNCTION audit_set_once();
CREATE TRIGGER audit_segments_whole BEFORE TRUNCATE ON audit_segments
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_chains_frozen BEFORE DELETE ON audit_chains
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_chains_set_once BEFORE UPDATE ON audit_chains
  FOR EACH ROW EXECUTE FUNCTION audit_set_once();
CREATE TRIGGER audit_chains_whole BEFORE TRUNCATE ON audit_chains
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

-- Partitions are made and dropped by these two only, with the rights of their owner.
DROP FUNCTION ensure_audit_partitions(timestamptz, integer);
CREATE FUNCTION ensure_audit_partitions(since timestamptz, ahead integer) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
      EXECUTE format('CREATE TRIGGER audit_logs_whole BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()',
        partition);
      RETURN NEXT partition;
    END IF;
    month := date_trunc('month', month + interval '32 days', 'UTC');
  END LOOP;
END $$;

-- Drops a month whose records are all under a signed root and older than the retention setting; gives their number.
CREATE FUNCTION drop_audit_partition(partition text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  month_end timestamptz;
  keep_days integer := coalesce((SELECT (value #>> '{}')::integer FROM system_settings WHERE key = 'audit_retention_days'), 180);
  open_chain uuid;
  records bigint;
BEGIN
  IF partition !~ '^audit_logs_\d{4}_\d{2}$' OR NOT EXISTS (
    SELECT FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass AND inhrelid = to_regclass(partition)) THEN
    RAISE EXCEPTION '% is no partition of the record', partition USING ERRCODE = 'undefined_table';
  END IF;
  month_end := (to_date(right(partition, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC';
  IF month_end > now() - make_interval(days => keep_days) THEN
    RAISE EXCEPTION '% is younger than % days', partition, keep_days USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  EXECUTE format('SELECT p.chain_id FROM (SELECT chain_id, max(chain_seq) AS last FROM %I WHERE chain_id IS NOT NULL GROUP BY 1) p
    WHERE p.last > coalesce((SELECT max(to_seq) FROM audit_segments s
      WHERE s.chain_id = p.chain_id AND s.root_number IS NOT NULL), 0) LIMIT 1', partition) INTO open_chain;
  IF open_chain IS NOT NULL THEN
    RAISE EXCEPTION '% holds records of chain % that no root covers', partition, open_chain USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  EXECUTE format('SELECT count(*) FROM %I', partition) INTO records;
  EXECUTE format('DROP TABLE %I', partition);
  RETURN records;
END $$;
REVOKE EXECUTE ON FUNCTION drop_audit_partition(text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ensure_audit_partitions(timestamptz, integer) FROM PUBLIC;

DO $$
DECLARE
  partition text;
BEGIN
  FOR partition IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass LOOP
    EXECUTE format('CREATE TRIGGER audit_logs_whole BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', partition);
  END LOOP;
END $$;

-- An owner of its own, whom nobody can log in as. Only a superuser can give tables away without being asked for more;
-- elsewhere an operator does the same by hand (docs/audit.md).
DO $$
DECLARE
  relation text;
BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RETURN;
  END IF;
  BEGIN
    CREATE ROLE sluice_audit NOLOGIN;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN
    -- Roles belong to the server: another database of it was migrated before.
    NULL;
  END;
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO sluice_audit', current_schema());
  GRANT SELECT ON system_settings TO sluice_audit;
  FOR relation IN
    SELECT unnest(ARRAY['audit_logs', 'audit_chains', 'audit_segments', 'audit_roots', 'audit_keys'])
    UNION ALL SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass
  LOOP
    EXECUTE format('ALTER TABLE %I OWNER TO sluice_audit', relation);
  END LOOP;
  ALTER FUNCTION ensure_audit_partitions(timestamptz, integer) OWNER TO sluice_audit;
  ALTER FUNCTION drop_audit_partition(text) OWNER TO sluice_audit;
END $$;
