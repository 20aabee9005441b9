import { AppError } from '../common/app-error';
import type { ErrorCode } from '../common/errors/catalog';

/** Codes of Node's network stack (errno(3), getaddrinfo(3)) and what they say about a connection. */
const codes: Readonly<Record<string, ErrorCode>> = {
  ENOTFOUND: 'connection.host_not_found',
  EAI_AGAIN: 'connection.host_not_found',
  EAI_NODATA: 'connection.host_not_found',
  EAI_NONAME: 'connection.host_not_found',
  ECONNREFUSED: 'connection.refused',
  ETIMEDOUT: 'connection.timeout',
  EHOSTUNREACH: 'connection.unreachable',
  ENETUNREACH: 'connection.unreachable',
  EHOSTDOWN: 'connection.unreachable',
  ENETDOWN: 'connection.unreachable',
  EADDRNOTAVAIL: 'connection.unreachable',
  EACCES: 'connection.unreachable',
  EPROTO: 'connection.tls_failed',
};

/** Verification failures of OpenSSL (X509_V_ERR_*) and Node's own TLS errors. */
const tlsCode =
  /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)/;

/** The code of Node's network and TLS errors; `null` when the error is not one of them. */
export function networkErrorCode(error: unknown): ErrorCode | null {
  const code = errorCode(error);
  if (code === null) return null;
  return codes[code] ?? (tlsCode.test(code) ? 'connection.tls_failed' : null);
}

/** A failure while connecting; `code` of Node is a fixed word and may be shown, its message names addresses and may not. */
export function networkError(error: unknown, fallback: ErrorCode): AppError {
  const word = errorCode(error);
  return new AppError(networkErrorCode(error) ?? fallback, undefined, {
    extra: word === null ? {} : { reason: word },
  });
}

function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  // Node tries every address of a name and reports the failures together.
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0)
    return errorCode(error.errors[0]);
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}
