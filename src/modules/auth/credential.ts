import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../../common/app-error';
import { isApiKeyText } from './api-key-text';

export interface Credential {
  readonly kind: 'token' | 'apiKey';
  readonly text: string;
}

const BEARER = /^bearer +([\w-]+\.[\w-]+\.[\w-]+) *$/i;

/**
 * The one credential of a request. Two are refused, whichever would win (RFC 6750, section 2).
 * @throws AppError `auth.required`, `auth.invalid_token`, `auth.invalid_api_key`, `request.invalid`
 */
export function credentialOf(headers: IncomingHttpHeaders): Credential {
  const { authorization, 'x-api-key': apiKey } = headers;
  if (authorization !== undefined && apiKey !== undefined) {
    throw new AppError('request.invalid', 'Send an access token or an API key, not both');
  }
  if (apiKey !== undefined) {
    // The form is checked here, before any cache: a token in this header is no key.
    if (!isApiKeyText(String(apiKey))) throw new AppError('auth.invalid_api_key');
    return { kind: 'apiKey', text: String(apiKey) };
  }
  if (authorization === undefined) throw new AppError('auth.required');
  const [, token] = BEARER.exec(authorization) ?? [];
  if (!token) throw new AppError('auth.invalid_token', 'Authorization is not a bearer token');
  return { kind: 'token', text: token };
}
