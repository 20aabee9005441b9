import type { Principal } from '../../common/principal';
import { batchCheck, type BatchCheck, type BatchStatement } from '../../database/batch-statement';

/** Holds while the session runs and its user is active and still who the principal says. */
const sessionAlive: BatchStatement<Principal> = {
  name: 'session_alive',
  sql: `SELECT c.session_id::text || c.role || c.username || u.attributes::text AS key
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS c(session_id, role, username)
    JOIN user_sessions s ON s.id = c.session_id AND s.ended_at IS NULL AND s.expires_at > now()
    JOIN users u ON u.id = s.user_id AND u.is_active AND u.role = c.role AND u.username = c.username`,
  columns: [({ sessionId }) => sessionId, ({ role }) => role, ({ username }) => username],
};

const apiKeyAlive: BatchStatement<Principal> = {
  name: 'api_key_alive',
  sql: `SELECT c.key_id::text || c.role || c.username || u.attributes::text AS key
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS c(key_id, role, username)
    JOIN api_keys k ON k.id = c.key_id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
    JOIN users u ON u.id = k.user_id AND u.is_active AND u.role = c.role AND u.username = c.username`,
  columns: [({ apiKeyId }) => apiKeyId, ({ role }) => role, ({ username }) => username],
};

/** Of background runs, which go on when the session that asked has ended. */
const userAlive: BatchStatement<Principal> = {
  name: 'user_alive',
  sql: `SELECT u.id::text || c.role || c.username || u.attributes::text AS key
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS c(user_id, role, username)
    JOIN users u ON u.id = c.user_id AND u.is_active AND u.role = c.role AND u.username = c.username`,
  columns: [({ userId }) => userId, ({ role }) => role, ({ username }) => username],
};

/**
 * The condition that makes a cached principal as good as a fresh one: read in the statement that commits the record of
 * the run, so nothing runs for a session that ended before.
 */
export function aliveCheck(principal: Principal): BatchCheck {
  const { userId, sessionId, apiKeyId, role, username, attributes } = principal;
  const suffix = `${role}${username}${attributes}`;
  if (sessionId !== undefined)
    return batchCheck(sessionAlive, principal, `${sessionId}${suffix}`, 'auth.session_ended');
  if (apiKeyId !== undefined)
    return batchCheck(apiKeyAlive, principal, `${apiKeyId}${suffix}`, 'auth.invalid_api_key');
  return batchCheck(userAlive, principal, `${userId}${suffix}`, 'auth.session_ended');
}
