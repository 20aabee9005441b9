import type { ApiBodyOptions } from '@nestjs/swagger';
import { queryMembers } from './query-request.schema';

const { connectionId, query, params } = queryMembers;

/** The body of `POST /api/database/query/check`, for the OpenAPI document. */
export const checkRequestSchema: ApiBodyOptions = {
  schema: {
    type: 'object',
    required: ['query'],
    additionalProperties: false,
    properties: {
      connectionId,
      query,
      params,
      userId: { type: 'string', format: 'uuid', description: 'Somebody else; only for administrators' },
    },
  },
  examples: {
    sql: { summary: 'SQL', value: { query: 'SELECT id, email FROM customers' } },
  },
};
