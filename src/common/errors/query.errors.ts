import type { ErrorDefinition } from './definition';

export const queryErrors = {
  'query.empty': { status: 400, title: 'The statement is empty', fault: 'caller' },
  'query.syntax': { status: 400, title: 'The statement has a syntax error', fault: 'caller' },
  'query.multiple_statements': { status: 400, title: 'One statement at a time', fault: 'caller' },
  'query.too_long': { status: 400, title: 'The statement is too long', fault: 'caller' },
  'query.too_complex': { status: 400, title: 'The statement is too complex', fault: 'caller' },
  'query.invalid_text': {
    status: 400,
    title: 'The statement holds characters no database accepts',
    fault: 'caller',
  },
  'query.unsupported': {
    status: 400,
    title: 'The statement uses something that is not supported',
    fault: 'caller',
  },
  'query.invalid_operation': { status: 400, title: 'The operation is not well formed', fault: 'caller' },
  'query.invalid_parameter': { status: 400, title: 'A parameter does not fit', fault: 'caller' },
  'query.unknown_object': {
    status: 400,
    title: 'The statement names something that does not exist',
    fault: 'caller',
  },
  'query.invalid_value': { status: 400, title: 'A value does not fit its type', fault: 'caller' },
  'query.constraint': {
    status: 409,
    title: 'A constraint of the database refuses the change',
    fault: 'caller',
  },
  'query.read_only': { status: 403, title: 'Only reading is allowed', fault: 'caller' },
  'query.timeout': { status: 504, title: 'The statement took too long', fault: 'caller', retryable: true },
  'query.cancelled': { status: 409, title: 'The statement was cancelled', fault: 'caller' },
  'query.lock_conflict': {
    status: 409,
    title: 'The statement met a lock or deadlock',
    fault: 'load',
    retryable: true,
  },
  'query.resources': {
    status: 503,
    title: 'The database ran out of a resource',
    fault: 'load',
    retryable: true,
  },
  'query.result_too_large': { status: 413, title: 'The result is too large for one answer', fault: 'caller' },
  'query.database_error': { status: 502, title: 'The database failed', fault: 'owner' },
  'query.interrupted': { status: 502, title: 'The service ended while the statement ran', fault: 'us' },
  'query.not_running': { status: 404, title: 'No such statement is running', fault: 'caller' },
  'permission.connection_denied': {
    status: 403,
    title: 'Running statements here is not permitted',
    fault: 'caller',
  },
  'permission.table_denied': { status: 403, title: 'A table is not permitted', fault: 'caller' },
  'permission.function_denied': { status: 403, title: 'A function is not permitted', fault: 'caller' },
  'permission.write_denied': { status: 403, title: 'Writing is not permitted', fault: 'caller' },
} as const satisfies Record<string, ErrorDefinition>;
