import { AppError } from '../../common/app-error';
import { networkError } from '../network-errors';
import { connectErrnos, errnoMeaning, namingErrnos } from './errno';

/** The fields of an ERR packet as mysql2 gives them. */
interface ServerError {
  readonly errno: number;
  readonly sqlState: string;
  readonly sqlMessage?: string;
}

export function isServerError(error: unknown): error is ServerError {
  return (
    typeof error === 'object' &&
    error !== null &&
    'errno' in error &&
    typeof error.errno === 'number' &&
    'sqlState' in error &&
    typeof error.sqlState === 'string'
  );
}

/** Whether the session is gone; mysql2 marks what ends a connection. */
export function isFatal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'fatal' in error && error.fatal === true;
}

/** A failure of a running statement. `compiled`: its text is not the one its caller wrote. */
export function mapStatementError(error: unknown, compiled = false): AppError {
  if (error instanceof AppError) return error;
  if (!isServerError(error)) {
    // what is neither of the server nor of the socket was refused by mysql2 when it encoded the parameters
    return new AppError(isFatal(error) ? 'connection.lost' : 'query.invalid_parameter');
  }
  const { code, tellMessage } = errnoMeaning(error.errno, error.sqlState);
  const told = tellMessage && (!compiled || namingErrnos.has(error.errno));
  return new AppError(code, told ? error.sqlMessage : undefined, {
    extra: { sqlState: error.sqlState, errno: error.errno },
  });
}

/** What mysql2 says when the server's capabilities have no SSL. */
export function isTlsRefusal(error: unknown): boolean {
  return hasCode(error, 'HANDSHAKE_NO_SSL_SUPPORT');
}

/** A failure to open a session. Nothing of the server's words is told: they name accounts and addresses. */
export function mapConnectError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isServerError(error)) {
    return new AppError(connectErrnos[error.errno] ?? 'connection.unreachable', undefined, {
      extra: { sqlState: error.sqlState, errno: error.errno },
    });
  }
  if (isTlsRefusal(error)) return new AppError('connection.tls_failed', 'The server does not offer TLS.');
  if (hasCode(error, 'HANDSHAKE_SSL_ERROR')) return new AppError('connection.tls_failed');
  return networkError(error, 'connection.unreachable');
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
