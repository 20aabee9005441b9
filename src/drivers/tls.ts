import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { TestWarning, TlsConfig, TlsMode } from './driver';

/** Options for `tls.connect`. */
export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/**
 * What each mode asks of the server's certificate; `host` is the name the user wrote, although the socket goes to
 * the address it was pinned to. SNI carries names only (RFC 6066 §3).
 */
export function tlsOptions(tls: TlsConfig, host: string): TlsOptions {
  const name = tls.servername ?? host;
  return {
    rejectUnauthorized: tls.mode === 'verify-ca' || tls.mode === 'verify-full',
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(isIP(name) ? {} : { servername: name }),
    checkServerIdentity: (_host, certificate) =>
      tls.mode === 'verify-full' ? checkServerIdentity(name, certificate) : undefined,
  };
}

/** Whether traffic to this host stays on the machine, so that encrypting it protects nobody. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/** What there is to say of the way to a server elsewhere; `encrypted` is what was agreed in the end. */
export function tlsWarnings(host: string, mode: TlsMode, encrypted: boolean): TestWarning[] {
  if (isLoopback(host)) return [];
  if (!encrypted) return [{ code: 'tls_off', message: 'Passwords and rows travel unencrypted.' }];
  if (mode.startsWith('verify-')) return [];
  return [{ code: 'tls_unverified', message: 'Whoever answers at that address is taken for the server.' }];
}
