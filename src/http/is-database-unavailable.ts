import { isError } from './is-error';

/** SQLSTATE of a PostgreSQL or database that is not there, starting, stopping, full or overloaded (manual, appendix A). */
const SQLSTATE = /^(?:08...|3D000|57P0[1-5]|53300|55P03|57014)$/;
const SYSTEM = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EHOSTUNREACH']);
/** pg and pg-pool give these no code. */
const MESSAGES = new Set([
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'timeout expired',
]);

/** TypeORM lets go of a session that has ended; whoever was in a transaction on it is told this and nothing else. */
const NAMES = new Set(['QueryRunnerAlreadyReleasedError', 'QueryRunnerProviderAlreadyReleasedError']);

/** Whether `error` says that the system database cannot answer now, rather than that a statement is wrong. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!isError(error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return SQLSTATE.test(code) || ('syscall' in error && SYSTEM.has(code));
  return MESSAGES.has(error.message) || NAMES.has(error.name);
}
