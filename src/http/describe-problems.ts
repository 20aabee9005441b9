import type { OpenAPIObject } from '@nestjs/swagger';
import { errorCatalog } from '../common/errors/catalog';

const problemSchema = {
  type: 'object',
  description: 'RFC 9457',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId'],
  properties: {
    type: { type: 'string', example: 'urn:sluice:problem:auth.required' },
    title: { type: 'string', example: 'Credentials are required' },
    status: { type: 'integer', example: 401 },
    detail: { type: 'string', example: 'Credentials are required' },
    instance: { type: 'string', example: '/api/auth/me' },
    code: { type: 'string', enum: Object.keys(errorCatalog), example: 'auth.required' },
    requestId: { type: 'string', format: 'uuid' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: {
          path: { type: 'string', description: 'JSON Pointer (RFC 6901)', example: '/username' },
          message: { type: 'string' },
        },
      },
    },
  },
};

const problem = {
  description: 'A problem document; `code` says which problem it is',
  headers: { 'X-Request-Id': { schema: { type: 'string', format: 'uuid' } } },
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

/** Every operation may answer with a problem: said once, here, rather than on each route. */
export function describeProblems(document: OpenAPIObject): OpenAPIObject {
  const paths = Object.entries(document.paths).map(([path, item]) => [
    path,
    Object.fromEntries(
      Object.entries(item).map(([method, operation]: [string, unknown]) => [method, withProblem(operation)]),
    ),
  ]);
  return {
    ...document,
    paths: Object.fromEntries(paths) as OpenAPIObject['paths'],
    components: {
      ...document.components,
      schemas: { ...document.components?.schemas, Problem: problemSchema as never },
    },
  };
}

function withProblem(operation: unknown): unknown {
  if (typeof operation !== 'object' || operation === null || !('responses' in operation)) return operation;
  return { ...operation, responses: { ...(operation.responses as object), default: problem } };
}
