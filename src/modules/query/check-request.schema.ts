import type { ApiBodyOptions } from '@nestjs/swagger';

/** The body of `POST /api/database/query/check`, for the OpenAPI document. */
export const checkRequestSchema: ApiBodyOptions = {
  schema: {
    type: 'object',
    required: ['query'],
    additionalProperties: false,
    properties: {
      connectionId: {
        type: 'string',
        format: 'uuid',
        description: "The caller's default connection when not given",
      },
      query: {
        oneOf: [{ type: 'string' }, { type: 'object' }],
        description: 'One statement as text; for MongoDB an operation as an object in Extended JSON',
      },
      params: { type: 'array', items: {}, maxItems: 1000, default: [] },
      userId: { type: 'string', format: 'uuid', description: 'Somebody else; only for administrators' },
    },
  },
  examples: {
    sql: { summary: 'SQL', value: { query: 'SELECT id, email FROM customers' } },
  },
};
