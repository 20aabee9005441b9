import { AppError, type FieldError } from '../../common/app-error';
import { parseQueryRequest, type QueryRequestBody } from '../query/query-request';
import type { RouteTarget } from '../shards/route';
import type { RoutedRequest } from '../shards/shard-router';
import { DEFAULT_GROUP, SHARD_NAME } from '../shards/shard.dto';

export const MAX_WAIT_MS = 5_000;

/** The body of `POST /api/shards/{…}/query`, checked. */
export interface ShardRequest extends RoutedRequest {
  readonly query: QueryRequestBody;
  /** Of `all`: shards that cannot be asked are named in the answer instead of failing it. */
  readonly partial: boolean;
}

const fixedTargets: Readonly<Record<string, RouteTarget>> = {
  global: { kind: 'global' },
  session: { kind: 'session' },
};

/** @throws AppError `request.invalid` */
export function parseShardRequest(target: string, body: unknown): ShardRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AppError('request.invalid', 'The body must be a JSON object');
  }
  const { group, waitMs, partial, ...rest } = body as Record<string, unknown>;
  const errors: FieldError[] = [];
  if (group != null && !(typeof group === 'string' && SHARD_NAME.test(group))) {
    errors.push({ path: '/group', message: 'must be the name of a group' });
  }
  if (waitMs != null && !(Number.isInteger(waitMs) && Number(waitMs) >= 0 && Number(waitMs) <= MAX_WAIT_MS)) {
    errors.push({ path: '/waitMs', message: `must be a whole number from 0 to ${MAX_WAIT_MS}` });
  }
  if (partial != null && typeof partial !== 'boolean') {
    errors.push({ path: '/partial', message: 'must be true or false' });
  } else if (partial === true && target !== 'all') {
    errors.push({ path: '/partial', message: 'is for all shards only' });
  }
  // The map says which connection it is, and nobody else.
  if (rest.connectionId !== undefined) {
    errors.push({ path: '/connectionId', message: 'is not a known member' });
  }
  if (errors.length > 0) throw new AppError('request.invalid', 'The body does not validate', { errors });
  return {
    target: targetOf(target, partial === true),
    partial: partial === true,
    group: (group as string | null | undefined) ?? DEFAULT_GROUP,
    waitMs: (waitMs as number | null | undefined) ?? 0,
    query: parseQueryRequest(rest),
  };
}

function targetOf(target: string, partial: boolean): RouteTarget {
  if (target === 'all') return { kind: 'all', partial };
  return Object.hasOwn(fixedTargets, target) ? fixedTargets[target]! : { kind: 'shard', shardId: target };
}
