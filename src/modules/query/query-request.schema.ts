import type { ApiBodyOptions } from '@nestjs/swagger';

/** The members of a request for a query, as the OpenAPI document has them. */
export const queryMembers = {
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
  maxRows: { type: 'integer', minimum: 1, maximum: 2_147_483_647 },
  timeoutMs: { type: 'integer', minimum: 1, maximum: 2_147_483_647 },
  rowMode: { type: 'string', enum: ['object', 'array'], default: 'object' },
  cache: { type: 'string', enum: ['use', 'bypass', 'refresh'], default: 'use' },
  cacheTtlSeconds: {
    type: 'integer',
    minimum: 0,
    maximum: 86_400,
    description: 'Takes no older answer from the cache, within what the connection allows; 0 takes none',
  },
};

/** The body that `parseQueryRequest` checks, for the OpenAPI document. */
export const queryRequestSchema: ApiBodyOptions = {
  schema: {
    type: 'object',
    required: ['query'],
    additionalProperties: false,
    properties: queryMembers,
  },
  examples: {
    sql: {
      summary: 'SQL',
      value: { query: 'SELECT id, name, price FROM products ORDER BY price DESC', maxRows: 5 },
    },
    parameters: {
      summary: 'SQL with parameters',
      value: { query: 'SELECT * FROM orders WHERE customer_id = $1', params: [17], rowMode: 'array' },
    },
    mongodb: {
      summary: 'MongoDB',
      value: { query: { operation: 'find', collection: 'users', filter: { country: 'DE' }, limit: 10 } },
    },
  },
};
