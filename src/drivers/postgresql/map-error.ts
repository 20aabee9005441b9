import { AppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import { networkError } from '../network-errors';
import { sqlStateMeaning } from './sqlstate';

/** The fields of ErrorResponse (manual, section "Error and Notice Message Fields") that are used. */
export interface ServerError {
  readonly code: string;
  readonly message: string;
  readonly severity?: string;
  readonly position?: string;
}

export function isServerError(error: unknown): error is ServerError {
  return (
    typeof error === 'object' &&
    error !== null &&
    'severity' in error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.length === 5
  );
}

/** A failure of a running statement, whose time began `elapsedMs` ago under a limit of `timeoutMs`. */
export function mapStatementError(error: unknown, elapsedMs: number, timeoutMs: number): AppError {
  if (error instanceof AppError) return error;
  if (!isServerError(error)) return new AppError('connection.lost');
  const { code, tellMessage } = sqlStateMeaning(error.code);
  const position = Number(error.position);
  const extra = { sqlState: error.code, ...(position > 0 ? { position } : {}) };
  // statement_timeout and pg_cancel_backend share 57014; the clock tells them apart.
  if (error.code === '57014' && elapsedMs >= timeoutMs)
    return new AppError('query.timeout', undefined, { extra });
  return new AppError(code, tellMessage ? error.message : undefined, { extra });
}

/** States that mean something else while a session is being opened. */
const connectStates: Readonly<Record<string, ErrorCode>> = {
  '28000': 'connection.auth_failed',
  '28P01': 'connection.auth_failed',
  '3D000': 'connection.database_not_found',
  '42501': 'connection.privilege_missing',
  '53300': 'connection.too_many',
  '57P03': 'connection.unreachable',
  '22023': 'connection.invalid_config',
};

/** What pg says, without a code, when the answer to SSLRequest is `N` (manual, section "SSL Session Encryption"). */
const noTls = new Set([
  'The server does not support SSL connections',
  'There was an error establishing an SSL connection',
]);

export function isTlsRefusal(error: unknown): boolean {
  return error instanceof Error && noTls.has(error.message);
}

/** A failure to open a session. Nothing of the server's words is told: they name accounts and addresses. */
export function mapConnectError(error: unknown, elapsedMs: number, connectTimeoutMs: number): AppError {
  if (error instanceof AppError) return error;
  if (isServerError(error)) {
    return new AppError(connectStates[error.code] ?? 'connection.unreachable', undefined, {
      extra: { sqlState: error.code },
    });
  }
  if (isTlsRefusal(error)) return new AppError('connection.tls_failed', 'The server does not offer TLS.');
  // pg-pool gives up with an error without a code
  if (elapsedMs >= connectTimeoutMs) return new AppError('connection.timeout');
  return networkError(error, 'connection.unreachable');
}
