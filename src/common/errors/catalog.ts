import { authErrors } from './auth.errors';
import { connectionErrors } from './connection.errors';
import type { ErrorDefinition } from './definition';
import { jobErrors } from './job.errors';
import { queryErrors } from './query.errors';
import { requestErrors } from './request.errors';
import { shardErrors } from './shard.errors';

/** Every error code the service can answer with; docs/errors.md lists the same and a test compares the two. */
export const errorCatalog = {
  ...requestErrors,
  ...authErrors,
  ...connectionErrors,
  ...queryErrors,
  ...jobErrors,
  ...shardErrors,
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof errorCatalog;
