ALTER TABLE connection_permissions
  ADD COLUMN max_concurrent_queries integer CHECK (max_concurrent_queries > 0),
  ADD COLUMN daily_runs integer CHECK (daily_runs > 0),
  ADD COLUMN daily_rows bigint CHECK (daily_rows > 0),
  ADD COLUMN daily_seconds integer CHECK (daily_seconds > 0);
COMMENT ON COLUMN connection_permissions.daily_runs IS 'a day is one of UTC; null in any of the four: no bound';

-- What users with a budget have used of it. Without foreign keys: a count is written in one statement with the records of
-- many other requests, and must not fail because somebody was deleted meanwhile.
CREATE TABLE connection_usage (
  user_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  day date NOT NULL,
  runs bigint NOT NULL,
  rows bigint NOT NULL,
  milliseconds double precision NOT NULL,
  running integer NOT NULL,
  PRIMARY KEY (user_id, connection_id, day)
) WITH (fillfactor = 50);
COMMENT ON COLUMN connection_usage.running IS 'of those that began on that day';
CREATE INDEX connection_usage_day ON connection_usage (day);
