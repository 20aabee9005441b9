import type { ApiBodyOptions } from '@nestjs/swagger';
import { queryMembers } from '../query-request.schema';
import { MAX_PROCEDURE_NAME } from './procedure-request';

const { query: _query, params: _params, cache: _cache, cacheTtlSeconds: _seconds, ...shared } = queryMembers;

export const procedureMembers = {
  ...shared,
  procedure: { type: 'string', maxLength: MAX_PROCEDURE_NAME, description: '`schema.name`' },
  params: {
    oneOf: [
      { type: 'array', items: {}, maxItems: 1000 },
      { type: 'object', additionalProperties: true, maxProperties: 1000 },
    ],
    default: [],
    description: 'Values of the parameters that take something in, by place or by name',
  },
};

/** The body that `parseProcedureRequest` checks, for the OpenAPI document. */
export const procedureRequestSchema: ApiBodyOptions = {
  schema: {
    type: 'object',
    required: ['procedure'],
    additionalProperties: false,
    properties: procedureMembers,
  },
  examples: {
    names: {
      summary: 'By name',
      value: { procedure: 'shop.place_order', params: { product: 17, placed: 0 } },
    },
    places: { summary: 'By place', value: { procedure: 'shop.place_order', params: [17, 0], maxRows: 100 } },
  },
};
