import { AppError, type FieldError } from '../../common/app-error';
import { parseQueryRequest, type QueryRequestBody } from '../query/query-request';
import type { RouteTarget } from '../shards/route';
import type { RoutedRequest } from '../shards/shard-router';
import { DEFAULT_GROUP, SHARD_NAME } from '../shards/shard.dto';

export const MAX_WAIT_MS = 5_000;

/** The body of `POST /api/shards/{…}/query`, checked. */
export interface ShardRequest extends RoutedRequest {
  readonly query: QueryRequestBody;
}

const fixedTargets: Readonly<Record<string, RouteTarget>> = {
  global: { kind: 'global' },
  session: { kind: 'session' },
  all: { kind: 'all' },
};

/** @throws AppError `request.invalid` */
export function parseShardRequest(target: string, body: unknown): ShardRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AppError('request.invalid', 'The body must be a JSON object');
  }
  const { group, waitMs, ...rest } = body as Record<string, unknown>;
  const errors: FieldError[] = [];
  if (group != null && !(typeof group === 'string' && SHARD_NAME.test(group))) {
    errors.push({ path: '/group', message: 'must be the name of a group' });
  }
  if (waitMs != null && !(Number.isInteger(waitMs) && Number(waitMs) >= 0 && Number(waitMs) <= MAX_WAIT_MS)) {
    errors.push({ path: '/waitMs', message: `must be a whole number from 0 to ${MAX_WAIT_MS}` });
  }
  // The map says which connection it is, and nobody else.
  if (rest.connectionId !== undefined) {
    errors.push({ path: '/connectionId', message: 'is not a known member' });
  }
  if (errors.length > 0) throw new AppError('request.invalid', 'The body does not validate', { errors });
  return {
    target: Object.hasOwn(fixedTargets, target) ? fixedTargets[target]! : { kind: 'shard', shardId: target },
    group: (group as string | null | undefined) ?? DEFAULT_GROUP,
    waitMs: (waitMs as number | null | undefined) ?? 0,
    query: parseQueryRequest(rest),
  };
}
