import { AppError } from '../common/app-error';

/** Why a run is stopped; the reason of the `AbortSignal` that a driver is given. */
export const stopReasons = ['timeout', 'cancelled', 'client_gone', 'shutdown', 'revoked'] as const;
export type StopReason = (typeof stopReasons)[number];

/** The error a driver rejects with once the server has confirmed the stop. */
export function abortError(signal: AbortSignal): AppError {
  const reason: unknown = signal.reason;
  if (reason instanceof AppError) return reason;
  if (reason === 'timeout' || (reason instanceof DOMException && reason.name === 'TimeoutError')) {
    return new AppError('query.timeout');
  }
  if (reason === 'revoked') return new AppError('permission.revoked');
  if (reason === 'shutdown') return new AppError('service.shutting_down');
  return new AppError('query.cancelled');
}
