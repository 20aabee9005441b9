-- Background runs: the queue, and what is known of their results, which lie sealed in a store of files.
CREATE TABLE query_jobs (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  connection_id uuid NOT NULL REFERENCES database_connections (id) ON DELETE CASCADE,
  state varchar(20) NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled', 'lost')),
  format varchar(20) NOT NULL,
  -- {v, keyId, nonce, ciphertext, tag}: the statement with its parameters, and the key of the result
  sealed jsonb NOT NULL CHECK (jsonb_typeof(sealed) = 'object'),
  -- Part of the name of the result: two processes never write to the same file
  attempt integer NOT NULL DEFAULT 0,
  not_before timestamptz NOT NULL DEFAULT now(),
  instance_id uuid,
  lease_until timestamptz,
  cancel_requested boolean NOT NULL DEFAULT false,
  -- In query_history
  run_id uuid,
  rows bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  -- What it may take of the store so far; of a result that is done, what it takes
  reserved_bytes bigint NOT NULL DEFAULT 0,
  truncated boolean,
  sha256 text,
  store_id uuid,
  -- Of what was sent, so that a download can tell whether the same would be sent now
  plan_sha256 text,
  error_code varchar(60),
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz,
  expires_at timestamptz,
  CHECK (state <> 'running' OR (instance_id IS NOT NULL AND lease_until IS NOT NULL)),
  CHECK (state <> 'done' OR (sha256 IS NOT NULL AND store_id IS NOT NULL AND plan_sha256 IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX query_jobs_user_idx ON query_jobs (user_id, created_at DESC, id DESC);
CREATE INDEX query_jobs_created_idx ON query_jobs (created_at DESC, id DESC);
CREATE INDEX query_jobs_connection_id_idx ON query_jobs (connection_id);
CREATE INDEX query_jobs_open_idx ON query_jobs (state) WHERE state IN ('queued', 'running');
CREATE INDEX query_jobs_expires_idx ON query_jobs (expires_at);
CREATE INDEX query_jobs_key_id_idx ON query_jobs ((sealed ->> 'keyId'));

INSERT INTO system_settings (key, value, description, category) VALUES
  ('background_timeout_seconds', '3600', 'Longest time of a background run, in seconds; the permission may allow less', 'background'),
  ('background_result_hours', '24', 'How long a background run and its result are kept once it has ended, in hours', 'background'),
  ('background_max_result_mb', '1024', 'Largest result of a background run, in MiB', 'background'),
  ('background_max_total_mb', '10240', 'What all results of background runs may take, in MiB', 'background'),
  ('background_jobs_per_user', '100', 'Background runs a user may have, kept ones included', 'background'),
  ('background_running_per_user', '2', 'Background runs of a user that run at once, on all replicas', 'background'),
  ('background_running_per_connection', '4', 'Background runs on a connection that run at once, on all replicas', 'background'),
  ('background_running_per_replica', '4', 'Background runs that a replica works on at once', 'background');
