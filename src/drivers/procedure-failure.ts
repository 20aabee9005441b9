import { AppError } from '../common/app-error';
import type { ErrorCode } from '../common/errors/catalog';

/**
 * A failure inside of a procedure. None of the server's words are told: a procedure builds statements and messages out of
 * values, and they would be quoted.
 * @param isLost the session is gone with it
 */
export function procedureFailure(
  code: ErrorCode | 'ends_transaction',
  extra: AppError['extra'],
  isLost: boolean,
): AppError {
  if (code === 'ends_transaction')
    return new AppError(
      'query.unsupported',
      'A procedure cannot begin or end the transaction that it runs in',
      {
        extra,
      },
    );
  if (code === 'query.read_only')
    return new AppError(code, 'The call runs in a read-only transaction, and the procedure tried to write', {
      extra,
    });
  // A procedure may raise any SQLSTATE: what it says of the connection is no news of it while the session lives.
  const claimed = code.startsWith('connection.') && code !== 'connection.privilege_missing' && !isLost;
  return new AppError(claimed ? 'query.database_error' : code, undefined, { extra });
}
