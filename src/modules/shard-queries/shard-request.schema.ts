import type { ApiBodyOptions } from '@nestjs/swagger';
import { queryMembers } from '../query/query-request.schema';
import { DEFAULT_GROUP } from '../shards/shard.dto';
import { MAX_WAIT_MS } from './shard-request';

const { connectionId: _, ...own } = queryMembers;

/** What says where and when a request for a shard runs. */
export const routeMembers = {
  group: { type: 'string', default: DEFAULT_GROUP },
  waitMs: {
    type: 'integer',
    minimum: 0,
    maximum: MAX_WAIT_MS,
    default: 0,
    description: 'Milliseconds to wait for a paused shard before it is refused',
  },
};

/** The body that `parseShardRequest` checks, for the OpenAPI document. */
export const shardRequestSchema: ApiBodyOptions = {
  schema: {
    type: 'object',
    required: ['query'],
    additionalProperties: false,
    properties: {
      ...own,
      ...routeMembers,
      partial: {
        type: 'boolean',
        default: false,
        description:
          'Of `all`: shards that cannot be asked are named in `metadata.missingShards` instead of failing the answer',
      },
    },
  },
  examples: {
    own: {
      summary: "The caller's rows",
      value: { query: 'SELECT id, total FROM orders WHERE user_id = ?', params: ['2a5ba8fb'], waitMs: 2000 },
    },
    everywhere: {
      summary: 'Sums over all shards',
      value: {
        query:
          'SELECT status, count(*) AS orders, avg(total) AS mean FROM orders GROUP BY status ORDER BY orders DESC',
        partial: false,
      },
    },
  },
};
