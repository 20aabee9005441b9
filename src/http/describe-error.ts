import { isError } from './is-error';

const MAX_CAUSES = 4;

/**
 * An error as the log shows it. Only these members: drivers and TypeORM hang statements, parameters and rows on their
 * errors.
 */
export function describeError(error: unknown, causes = MAX_CAUSES): unknown {
  if (!isError(error)) return String(error);
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    stack: error.stack,
    ...(error.cause !== undefined && causes > 0 && { cause: describeError(error.cause, causes - 1) }),
  };
}
