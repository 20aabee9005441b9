import { isAppError } from '../../common/app-error';
import type { Run, RunEnd, RunOutcome } from './run';

const statusByCode: Readonly<Record<string, RunOutcome['status']>> = {
  'query.timeout': 'timeout',
  'query.cancelled': 'cancelled',
  'service.shutting_down': 'cancelled',
  'permission.revoked': 'cancelled',
};

/** How a run ended, as history keeps it. A failure that is not ours to explain is recorded as internal, without text. */
export function outcomeOf(
  { id }: Pick<Run, 'id'>,
  startedAt: number,
  error: unknown,
  end: RunEnd | null = null,
): RunOutcome {
  const executionTimeMs = performance.now() - startedAt;
  if (end) {
    const { rowCount, bytes, truncated, cached } = end;
    return {
      id,
      status: 'success',
      errorCode: null,
      errorMessage: null,
      rowCount,
      bytes,
      truncated,
      cached,
      executionTimeMs,
    };
  }
  const code = isAppError(error) ? error.code : 'service.internal';
  return {
    id,
    status: statusByCode[code] ?? 'error',
    errorCode: code,
    errorMessage: isAppError(error) ? error.message : null,
    rowCount: null,
    bytes: null,
    truncated: null,
    cached: false,
    executionTimeMs,
  };
}
