import { ConfigError } from './config/config-error';
import { isError } from './http/is-error';

type Failure = Error & { readonly code?: string; readonly syscall?: string };

interface ListenFailure extends Failure {
  readonly address?: string;
  readonly port?: number;
}

const listening: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken: stop what listens there, or set PORT',
  EACCES: 'may not be opened: set PORT to one above 1023',
  EADDRNOTAVAIL: 'is no address of this machine: set HOST',
};

/** SQLSTATE classes 08 (connection), 28 (authorisation), 3D (no such database), 57P0x (starting, stopping). */
const UNUSABLE_DATABASE = /^(?:08|28|3D|57P0)/;
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
]);

/** What the operator reads when the service does not start: a sentence where the cause is theirs, else the stack. */
export function explainStartFailure(error: unknown): string {
  if (!isError(error)) return String(error);
  if (error instanceof ConfigError) return error.message;
  const { code = '', syscall } = error as Failure;
  if (syscall === 'listen' && Object.hasOwn(listening, code)) {
    const { address, port } = error as ListenFailure;
    return `${address}:${port} ${listening[code]} (${code}).`;
  }
  if (NETWORK.has(code) || UNUSABLE_DATABASE.test(code)) {
    return `The system database of DATABASE_URL cannot be used: ${error.message} (${code}).`;
  }
  return error.stack ?? error.message;
}
