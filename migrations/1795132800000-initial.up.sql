-- Users, sessions and keys (module auth) --------------------------------------------------------------------

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END $$;

CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  username varchar(50) NOT NULL CHECK (char_length(username) >= 3),
  email varchar(255) NOT NULL CHECK (email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'),
  password_hash text NOT NULL,
  full_name varchar(200),
  role varchar(20) NOT NULL DEFAULT 'user' CHECK (role IN ('admin', 'user', 'viewer')),
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  last_login_at timestamptz,
  CONSTRAINT users_username_key UNIQUE (username),
  CONSTRAINT users_email_key UNIQUE (email)
);
-- Names that differ only in case would be one person to a reader and two to the database.
CREATE UNIQUE INDEX users_username_lower_key ON users (lower(username));
CREATE UNIQUE INDEX users_email_lower_key ON users (lower(email));
CREATE INDEX users_role_idx ON users (role);
CREATE INDEX users_is_active_idx ON users (is_active);
-- A log-in is no change of the user.
CREATE TRIGGER users_touch BEFORE UPDATE OF username, email, password_hash, full_name, role, is_active ON users
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE user_sessions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- SHA-256 of the refresh token that is valid now, hexadecimal
  session_token char(64) NOT NULL UNIQUE,
  ip_address inet,
  user_agent text,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  last_activity_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  end_reason varchar(40),
  CHECK (expires_at > created_at)
);
CREATE INDEX user_sessions_user_id_idx ON user_sessions (user_id);
CREATE INDEX user_sessions_expires_at_idx ON user_sessions (expires_at);

CREATE TABLE api_keys (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name varchar(100) NOT NULL,
  -- The first characters of the key, to recognise it by
  prefix varchar(20) NOT NULL,
  key_hash char(64) NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX api_keys_user_id_idx ON api_keys (user_id);

-- Counters of rate-limiter-flexible, shared by all replicas; unlogged: after a crash they start anew.
CREATE UNLOGGED TABLE rate_limits (
  key varchar(255) PRIMARY KEY,
  points integer NOT NULL DEFAULT 0,
  expire bigint
);

-- Settings ----------------------------------------------------------------------------------------------------

CREATE TABLE system_settings (
  key varchar(100) PRIMARY KEY CHECK (key ~ '^[a-z][a-z0-9_]*$'),
  value jsonb NOT NULL,
  description text,
  category varchar(50) NOT NULL DEFAULT 'general',
  is_sensitive boolean NOT NULL DEFAULT false,
  updated_by uuid REFERENCES users (id) ON DELETE SET NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX system_settings_category_idx ON system_settings (category);

INSERT INTO system_settings (key, value, description, category) VALUES
  ('openai_model', '"gpt-4"', 'Model of the OpenAI-compatible endpoint', 'llm'),
  ('openai_temperature', '0.0', 'Sampling temperature, 0 to 2', 'llm'),
  ('max_file_size_mb', '50', 'Largest file taken for analysis, in MiB', 'files'),
  ('max_query_rows', '10000', 'Most rows one answer holds, whoever asks', 'query'),
  ('slow_query_ms', '1000', 'Runs longer than this are logged as slow, in milliseconds', 'query'),
  ('cache_ttl_seconds', '3600', 'How long a cached result may be used, in seconds', 'query'),
  ('saved_result_days', '30', 'How long saved results are kept, in days', 'query'),
  ('session_timeout_hours', '24', 'Longest life of a session, in hours', 'auth'),
  ('session_idle_minutes', '480', 'A session unused for this long ends, in minutes', 'auth'),
  ('history_retention_days', '90', 'How long query history is kept, in days', 'retention'),
  ('audit_retention_days', '180', 'How long audit records are kept, in days', 'retention'),
  ('schema_cache_retention_days', '30', 'How long an unused schema cache is kept, in days', 'retention');

-- Connections and permissions ---------------------------------------------------------------------------------

CREATE TABLE database_connections (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name varchar(100) NOT NULL CONSTRAINT database_connections_name_key UNIQUE,
  display_name varchar(200),
  description text,
  db_type varchar(20) NOT NULL
    CHECK (db_type IN ('postgresql', 'mysql', 'mariadb', 'sqlite', 'mongodb', 'redis', 'mssql', 'oracle')),
  -- Sealed: {v, keyId, nonce, ciphertext, tag}
  connection_config jsonb NOT NULL CHECK (jsonb_typeof(connection_config) = 'object'),
  -- Raised by every change that an open pool must not outlive
  revision integer NOT NULL DEFAULT 1,
  is_active boolean NOT NULL DEFAULT true,
  is_readonly boolean NOT NULL DEFAULT true,
  max_connections integer NOT NULL DEFAULT 10 CHECK (max_connections BETWEEN 1 AND 1000),
  schema_info jsonb,
  last_schema_sync timestamptz,
  created_by uuid REFERENCES users (id) ON DELETE SET NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX database_connections_db_type_idx ON database_connections (db_type);
CREATE INDEX database_connections_is_active_idx ON database_connections (is_active);
CREATE INDEX database_connections_key_id_idx ON database_connections ((connection_config ->> 'keyId'));
-- Neither a catalog that was read nor a new key is a change of the connection; every change raises the revision.
CREATE TRIGGER database_connections_touch BEFORE UPDATE OF revision ON database_connections
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE active_connections (
  user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  connection_id uuid NOT NULL REFERENCES database_connections (id) ON DELETE CASCADE
);
CREATE INDEX active_connections_connection_id_idx ON active_connections (connection_id);

CREATE TABLE connection_events (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  connection_id uuid NOT NULL REFERENCES database_connections (id) ON DELETE CASCADE,
  state varchar(20) NOT NULL CHECK (state IN ('unknown', 'up', 'degraded', 'down')),
  code varchar(60),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX connection_events_connection_idx ON connection_events (connection_id, created_at DESC);

CREATE TABLE connection_permissions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  connection_id uuid NOT NULL REFERENCES database_connections (id) ON DELETE CASCADE,
  can_query boolean NOT NULL DEFAULT true,
  can_write boolean NOT NULL DEFAULT false,
  unmasked boolean NOT NULL DEFAULT false,
  -- NULL is all, an empty array none
  allowed_schemas text[],
  allowed_tables text[],
  writable_tables text[],
  max_rows_per_query integer DEFAULT 10000 CHECK (max_rows_per_query > 0),
  max_execution_time_seconds integer NOT NULL DEFAULT 30 CHECK (max_execution_time_seconds > 0),
  granted_by uuid REFERENCES users (id) ON DELETE SET NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (user_id, connection_id)
);
CREATE INDEX connection_permissions_connection_id_idx ON connection_permissions (connection_id);
CREATE TRIGGER connection_permissions_touch BEFORE UPDATE ON connection_permissions
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE cached_schema_tables (
  connection_id uuid NOT NULL REFERENCES database_connections (id) ON DELETE CASCADE,
  -- Empty where the engine has no schemas
  schema_name text NOT NULL,
  table_name text NOT NULL,
  kind varchar(20) NOT NULL,
  comment text,
  row_estimate bigint,
  indexes jsonb NOT NULL DEFAULT '[]',
  foreign_keys jsonb NOT NULL DEFAULT '[]',
  cached_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (connection_id, schema_name, table_name)
);

CREATE TABLE cached_schema_info (
  connection_id uuid NOT NULL REFERENCES database_connections (id) ON DELETE CASCADE,
  schema_name text NOT NULL,
  table_name text NOT NULL,
  column_name text NOT NULL,
  ordinal_position integer NOT NULL,
  -- Canonical type (docs/types.md) and the engine's own name of it
  canonical_type varchar(20) NOT NULL,
  data_type text NOT NULL,
  is_nullable boolean NOT NULL,
  column_default text,
  is_primary_key boolean NOT NULL DEFAULT false,
  comment text,
  cached_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (connection_id, schema_name, table_name, column_name)
);

-- Queries -----------------------------------------------------------------------------------------------------

CREATE TABLE query_history (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid REFERENCES users (id) ON DELETE SET NULL,
  connection_id uuid REFERENCES database_connections (id) ON DELETE SET NULL,
  connection_revision integer,
  question text,
  generated_sql text,
  statement_kind varchar(40),
  query_type varchar(20) NOT NULL DEFAULT 'database' CHECK (query_type IN ('database', 'excel', 'general')),
  status varchar(20) NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'success', 'error', 'timeout', 'cancelled')),
  error_code varchar(60),
  error_message text,
  row_count bigint CHECK (row_count >= 0),
  truncated boolean,
  cached boolean NOT NULL DEFAULT false,
  execution_time_ms double precision CHECK (execution_time_ms >= 0),
  result_hash char(64),
  file_info jsonb,
  request_id uuid,
  -- The process that runs it: whoever restarts can tell which pending runs nobody finishes any more
  instance_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
CREATE INDEX query_history_user_idx ON query_history (user_id, created_at DESC, id DESC);
CREATE INDEX query_history_connection_idx ON query_history (connection_id, created_at DESC, id DESC);
-- Nearly all runs are of one type, and nearly all records a success: only the others are worth an entry.
CREATE INDEX query_history_query_type_idx ON query_history (query_type) WHERE query_type <> 'database';
CREATE INDEX query_history_status_idx ON query_history (status, created_at DESC);
CREATE INDEX query_history_created_at_idx ON query_history (created_at DESC, id DESC);
CREATE INDEX query_history_result_hash_idx ON query_history (result_hash) WHERE result_hash IS NOT NULL;
CREATE INDEX query_history_pending_idx ON query_history (instance_id) WHERE status = 'pending';

CREATE TABLE analysis_results (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  query_history_id uuid NOT NULL REFERENCES query_history (id) ON DELETE CASCADE,
  chart_type varchar(40),
  chart_config jsonb,
  summary_text text,
  insights jsonb,
  result_files jsonb,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX analysis_results_query_history_id_idx ON analysis_results (query_history_id);

CREATE TABLE saved_queries (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  connection_id uuid NOT NULL REFERENCES database_connections (id) ON DELETE CASCADE,
  name varchar(100) NOT NULL,
  description text,
  statement text NOT NULL,
  params jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(params) = 'array'),
  is_shared boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT saved_queries_owner_name_key UNIQUE (owner_id, name)
);
CREATE INDEX saved_queries_connection_id_idx ON saved_queries (connection_id);
CREATE TRIGGER saved_queries_touch BEFORE UPDATE ON saved_queries
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE saved_results (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  saved_query_id uuid NOT NULL REFERENCES saved_queries (id) ON DELETE CASCADE,
  -- Where it was read from; the saved query may be moved to another connection later
  connection_id uuid NOT NULL REFERENCES database_connections (id) ON DELETE CASCADE,
  query_history_id uuid NOT NULL,
  created_by uuid REFERENCES users (id) ON DELETE SET NULL,
  row_count integer NOT NULL CHECK (row_count >= 0),
  -- Tables the result was read from: whoever reads it later must be allowed all of them
  relations jsonb NOT NULL,
  -- Schemas that names without one resolved to
  search_path text[] NOT NULL,
  -- Sealed like connection configurations
  result jsonb NOT NULL CHECK (jsonb_typeof(result) = 'object'),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX saved_results_query_idx ON saved_results (saved_query_id, created_at DESC);
CREATE INDEX saved_results_connection_id_idx ON saved_results (connection_id);
CREATE INDEX saved_results_key_id_idx ON saved_results ((result ->> 'keyId'));
CREATE INDEX saved_results_expires_at_idx ON saved_results (expires_at);

-- Audit -------------------------------------------------------------------------------------------------------

CREATE TABLE audit_logs (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id uuid REFERENCES users (id) ON DELETE SET NULL,
  -- Who it was, kept when the user is deleted: the record outlives whom it is about
  actor_id uuid,
  actor_name text,
  action varchar(60) NOT NULL,
  resource_type varchar(40),
  resource_id text,
  ip_address inet,
  user_agent text,
  request_id uuid,
  details jsonb NOT NULL DEFAULT '{}',
  result varchar(10) NOT NULL CHECK (result IN ('success', 'failure', 'partial')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX audit_logs_user_id_idx ON audit_logs (user_id, created_at DESC);
CREATE INDEX audit_logs_action_idx ON audit_logs (action, created_at DESC);
CREATE INDEX audit_logs_resource_idx ON audit_logs (resource_type, resource_id);
CREATE INDEX audit_logs_created_at_idx ON audit_logs (created_at DESC, id DESC);
CREATE INDEX audit_logs_result_idx ON audit_logs (result, created_at DESC) WHERE result <> 'success';

-- Creates the partitions from the month of `since` to `ahead` months after now; gives the names of new ones.
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
SELECT ensure_audit_partitions(now(), 3);

-- Figures -----------------------------------------------------------------------------------------------------

CREATE VIEW query_performance_stats AS
SELECT date_trunc('hour', created_at) AS hour,
       connection_id,
       query_type,
       count(*) AS query_count,
       avg(execution_time_ms) AS avg_execution_time_ms,
       max(execution_time_ms) AS max_execution_time_ms,
       count(*) FILTER (WHERE status = 'error') AS error_count,
       count(*) FILTER (WHERE status = 'timeout') AS timeout_count
FROM query_history
WHERE created_at >= now() - interval '7 days'
GROUP BY 1, 2, 3;

CREATE VIEW user_activity_stats AS
SELECT u.id AS user_id,
       u.username,
       u.role,
       u.is_active,
       u.last_login_at,
       count(h.id) AS query_count,
       count(h.id) FILTER (WHERE h.status = 'success') AS success_count,
       count(h.id) FILTER (WHERE h.status IN ('error', 'timeout')) AS failure_count,
       avg(h.execution_time_ms) AS avg_execution_time_ms,
       max(h.created_at) AS last_query_at
FROM users u
LEFT JOIN query_history h ON h.user_id = u.id AND h.created_at >= now() - interval '7 days'
GROUP BY u.id;
