import type { ApiBodyOptions } from '@nestjs/swagger';
import { queryRequestSchema } from '../query/query-request.schema';
import { DEFAULT_GROUP } from '../shards/shard.dto';
import { MAX_WAIT_MS } from './shard-request';

const { connectionId: _, ...properties } =
  'schema' in queryRequestSchema && 'properties' in queryRequestSchema.schema
    ? (queryRequestSchema.schema.properties ?? {})
    : {};

/** The body that `parseShardRequest` checks, for the OpenAPI document. */
export const shardRequestSchema: ApiBodyOptions = {
  schema: {
    type: 'object',
    required: ['query'],
    additionalProperties: false,
    properties: {
      ...properties,
      group: { type: 'string', default: DEFAULT_GROUP },
      waitMs: {
        type: 'integer',
        minimum: 0,
        maximum: MAX_WAIT_MS,
        default: 0,
        description: 'Milliseconds to wait for a paused shard before it is refused',
      },
    },
  },
  examples: {
    own: {
      summary: "The caller's rows",
      value: { query: 'SELECT id, total FROM orders WHERE user_id = ?', params: ['2a5ba8fb'], waitMs: 2000 },
    },
  },
};
