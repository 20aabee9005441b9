import { isAppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';

/** Failures that say nothing about the statement or the caller: the shard cannot be asked now. */
const away: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'shard.maintenance',
  'shard.unknown',
  'connection.host_not_found',
  'connection.unreachable',
  'connection.refused',
  'connection.timeout',
  'connection.tls_failed',
  'connection.auth_failed',
  'connection.database_not_found',
  'connection.lost',
  'connection.too_many',
  'connection.pool_exhausted',
  'connection.circuit_open',
  'query.resources',
  'query.timeout',
]);

/** A shard whose rows a partial answer does without. */
export interface MissingShard {
  readonly shardId: string;
  readonly code: ErrorCode;
}

/** Why a shard may be left out; `null` when the whole answer must fail. */
export function codeOfAway(error: unknown): ErrorCode | null {
  return isAppError(error) && away.has(error.code) ? error.code : null;
}
