import type { ApiBodyOptions } from '@nestjs/swagger';
import { procedureMembers } from '../query/procedures/procedure-request.schema';
import { routeMembers } from './shard-request.schema';

const { connectionId: _, ...own } = procedureMembers;

/** The body that `parseShardProcedure` checks, for the OpenAPI document. */
export const shardProcedureSchema: ApiBodyOptions = {
  schema: {
    type: 'object',
    required: ['procedure'],
    additionalProperties: false,
    properties: { ...own, ...routeMembers },
  },
  examples: {
    own: {
      summary: "On the caller's shard",
      value: { procedure: 'app.place_order', params: { product: 17, placed: 0 }, waitMs: 2000 },
    },
  },
};
