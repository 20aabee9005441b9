DROP INDEX query_history_user_idx, query_history_connection_idx, query_history_status_idx, query_history_created_at_idx;
CREATE INDEX query_history_user_idx ON query_history (user_id, created_at DESC, id DESC);
CREATE INDEX query_history_connection_idx ON query_history (connection_id, created_at DESC, id DESC);
CREATE INDEX query_history_status_idx ON query_history (status, created_at DESC);
CREATE INDEX query_history_created_at_idx ON query_history (created_at DESC, id DESC);
