import type { BatchStatement } from '../../database/batch-statement';

/** A write through a connection with replicas, of which its credential must read nothing older. */
export interface WriteMark {
  readonly runId: string;
  readonly connectionId: string;
  /** The session or the API key. */
  readonly credentialId: string;
  readonly instanceId: string;
}

/** Written in the commit of the intent: there is no moment at which the write is under way and its mark is not there. */
export const markInsert: BatchStatement<WriteMark> = {
  name: 'mark_write',
  sql: `INSERT INTO write_marks (run_id, connection_id, credential_id, instance_id)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[])`,
  columns: [
    (mark) => mark.runId,
    (mark) => mark.connectionId,
    (mark) => mark.credentialId,
    (mark) => mark.instanceId,
  ],
};

/** Whose marks count for all credentials. */
export const EVERYBODY = '00000000-0000-0000-0000-000000000000';

/** $1 connection, $2 credential, $3 seconds for which a replica may be late and still be read from. */
export const sightQuery = `
  SELECT array_agg(DISTINCT position ORDER BY position) FILTER (WHERE position IS NOT NULL AND credential_id IN ($2, '${EVERYBODY}')) AS after,
    coalesce(bool_or(position IS NULL AND credential_id IN ($2, '${EVERYBODY}')), false) AS unsettled,
    coalesce(bool_or(position IS NULL OR settled_at > clock_timestamp() - make_interval(secs => $3)), false) AS lively
  FROM write_marks WHERE connection_id = $1`;

/**
 * $1 runs, $2 position, asked for after they had ended. Positions are asked for one after the other in a process, so
 * the earlier ones that it has settled for the same credentials say no more than this one.
 */
export const settleStatements = [
  `UPDATE write_marks SET position = $2, settled_at = clock_timestamp() WHERE run_id = ANY($1::uuid[])`,
  `DELETE FROM write_marks old USING write_marks new
   WHERE new.run_id = ANY($1::uuid[]) AND old.run_id <> ALL($1::uuid[]) AND old.settled_at IS NOT NULL
     AND (old.connection_id, old.credential_id, old.instance_id) = (new.connection_id, new.credential_id, new.instance_id)`,
] as const;

/** Long after every replica that may be read from has it; what is not settled waits for its run to be closed. */
export const expireStatement = `
  DELETE FROM write_marks m
  WHERE coalesce(m.settled_at, m.created_at) < now() - interval '1 hour'
    AND NOT EXISTS (SELECT FROM query_history h WHERE h.id = m.run_id AND m.settled_at IS NULL
      AND (h.status = 'pending' OR h.finished_at > now() - interval '1 hour'))`;
