import { AppError } from '../common/app-error';
import type { ErrorCode } from '../common/errors/catalog';

/**
 * A failure inside of a procedure. None of the server's words are told: a procedure builds statements and messages out of
 * values, and they would be quoted.
 */
export function procedureFailure(code: ErrorCode | 'ends_transaction', extra: AppError['extra']): AppError {
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
  return new AppError(code, undefined, { extra });
}
