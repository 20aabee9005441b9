-- What the record keeps of the constants in statements: nothing, in the history only, or in the audit log as well.
ALTER TABLE database_connections
  ADD COLUMN record_literals varchar(10) NOT NULL DEFAULT 'history'
    CHECK (record_literals IN ('none', 'history', 'audit'));
-- Bytes of the rows as they were encoded for the answer, before compression; of a stream, of its whole body.
ALTER TABLE query_history ADD COLUMN result_bytes bigint CHECK (result_bytes >= 0);
