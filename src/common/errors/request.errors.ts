import type { ErrorDefinition } from './definition';

export const requestErrors = {
  'request.invalid': { status: 400, title: 'The request does not validate', fault: 'caller' },
  'request.malformed': { status: 400, title: 'The body cannot be parsed', fault: 'caller' },
  'request.too_large': { status: 413, title: 'The body is too large', fault: 'caller' },
  'request.headers_too_large': { status: 431, title: 'The header fields are too large', fault: 'caller' },
  'request.unsupported_media_type': {
    status: 415,
    title: 'The media type is not supported',
    fault: 'caller',
  },
  'request.not_found': { status: 404, title: 'There is nothing at this address', fault: 'caller' },
  'request.method_not_allowed': { status: 405, title: 'The method is not allowed here', fault: 'caller' },
  'request.range_unsatisfiable': {
    status: 416,
    title: 'The range lies outside of what is there',
    fault: 'caller',
  },
  'request.conflict': { status: 409, title: 'The change collides with what is there', fault: 'caller' },
  'request.rate_limited': { status: 429, title: 'Too many requests', fault: 'load', retryable: true },
  'request.timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    fault: 'caller',
    retryable: true,
  },
  'resource.not_found': { status: 404, title: 'Not found', fault: 'caller' },
  'resource.name_taken': { status: 409, title: 'The name is taken', fault: 'caller' },
  'setting.unknown': { status: 404, title: 'There is no such setting', fault: 'caller' },
  'setting.invalid': { status: 400, title: 'The value does not fit the setting', fault: 'caller' },
  'service.shutting_down': {
    status: 503,
    title: 'The service is shutting down',
    fault: 'load',
    retryable: true,
  },
  'service.unavailable': {
    status: 503,
    title: 'The service cannot answer now',
    fault: 'us',
    retryable: true,
  },
  'service.internal': { status: 500, title: 'Internal error', fault: 'us' },
  'audit.export_busy': {
    status: 429,
    title: 'Too many exports at once',
    fault: 'load',
    retryable: true,
  },
  'audit.not_sealed': {
    status: 409,
    title: 'The record is not under a signed root yet',
    fault: 'load',
    retryable: true,
  },
  'backup.no_space': { status: 507, title: 'There is no room for the backup', fault: 'us' },
  'audit.unavailable': { status: 503, title: 'The record cannot be written', fault: 'us', retryable: true },
} as const satisfies Record<string, ErrorDefinition>;
