import type { ApiBodyOptions } from '@nestjs/swagger';
import { procedureRequestSchema } from '../query/procedures/procedure-request.schema';
import { shardRequestSchema } from './shard-request.schema';

const propertiesOf = (options: ApiBodyOptions) =>
  'schema' in options && 'properties' in options.schema ? (options.schema.properties ?? {}) : {};

const { connectionId: _, ...own } = propertiesOf(procedureRequestSchema);
const { group, waitMs } = propertiesOf(shardRequestSchema);

/** The body that `parseShardProcedure` checks, for the OpenAPI document. */
export const shardProcedureSchema: ApiBodyOptions = {
  schema: {
    type: 'object',
    required: ['procedure'],
    additionalProperties: false,
    properties: { ...own, ...(group && { group }), ...(waitMs && { waitMs }) },
  },
  examples: {
    own: {
      summary: "On the caller's shard",
      value: { procedure: 'app.place_order', params: { product: 17, placed: 0 }, waitMs: 2000 },
    },
  },
};
