import { HttpException } from '@nestjs/common';
import { AppError } from '../common/app-error';
import type { ErrorCode } from '../common/errors/catalog';
import { isDatabaseUnavailable } from './is-database-unavailable';

/** What Fastify throws before a handler is reached (https://fastify.dev/docs/latest/Reference/Errors/). */
const byFastifyCode: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'request.too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'request.unsupported_media_type',
  FST_ERR_BAD_URL: 'request.not_found',
  FST_ERR_MAX_PARAM_LENGTH: 'request.not_found',
};

const byStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'request.malformed',
  401: 'auth.required',
  403: 'auth.forbidden',
  404: 'request.not_found',
  405: 'request.method_not_allowed',
  408: 'request.timeout',
  409: 'request.conflict',
  413: 'request.too_large',
  414: 'request.not_found',
  415: 'request.unsupported_media_type',
  429: 'request.rate_limited',
  431: 'request.headers_too_large',
  503: 'service.unavailable',
};

/**
 * The error that is answered for whatever was thrown. The text of other errors is not passed on: it may quote the
 * request or the database.
 */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const code = codeOf(thrown);
  return new AppError(code, undefined, {
    cause: thrown,
    ...(code === 'service.unavailable' && { retryAfterSeconds: 1 }),
  });
}

function codeOf(thrown: unknown): ErrorCode {
  if (thrown instanceof HttpException) {
    const cause = fastifyCode(thrown.cause);
    return (cause && byFastifyCode[cause]) || byStatus[thrown.getStatus()] || 'service.internal';
  }
  const code = fastifyCode(thrown);
  if (code) {
    const { statusCode = 500 } = thrown as { statusCode?: number };
    return byFastifyCode[code] ?? byStatus[statusCode] ?? 'service.internal';
  }
  return isDatabaseUnavailable(thrown) ? 'service.unavailable' : 'service.internal';
}

function fastifyCode(error: unknown): string | null {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && code.startsWith('FST_') ? code : null;
}
