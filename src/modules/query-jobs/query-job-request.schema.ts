import type { ApiBodyOptions } from '@nestjs/swagger';
import { queryMembers } from '../query/query-request.schema';
import { streamFormatNames } from '../query/stream/stream-formats';

/** The body that `parseQueryJobRequest` checks, for the OpenAPI document. */
export const queryJobRequestSchema: ApiBodyOptions = {
  schema: {
    type: 'object',
    required: ['query'],
    additionalProperties: false,
    properties: {
      ...queryMembers,
      format: { type: 'string', enum: streamFormatNames, default: 'ndjson' },
      options: {
        type: 'object',
        additionalProperties: true,
        description:
          'Those of the format, as the address of a stream has them: `null`, `header`, `guard`, `bom`',
      },
    },
  },
  examples: {
    csv: {
      summary: 'A table as CSV',
      value: { query: 'SELECT * FROM orders', format: 'csv', options: { guard: true } },
    },
  },
};
