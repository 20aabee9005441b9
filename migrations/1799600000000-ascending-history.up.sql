-- History grows at the end of these indexes and is read from there: a B-tree is read backwards as fast as forwards, but
-- only what grows at its end fills its pages (a page split elsewhere leaves two half full).
DROP INDEX query_history_user_idx, query_history_connection_idx, query_history_status_idx, query_history_created_at_idx;
CREATE INDEX query_history_user_idx ON query_history (user_id, created_at, id);
CREATE INDEX query_history_connection_idx ON query_history (connection_id, created_at, id);
CREATE INDEX query_history_status_idx ON query_history (status, created_at);
CREATE INDEX query_history_created_at_idx ON query_history (created_at, id);
