import { createHash, randomBytes } from 'node:crypto';

export interface NewApiKey {
  /** `sl_<8 hexadecimal>_<32 bytes, base64url>`; shown once. */
  readonly text: string;
  readonly prefix: string;
  readonly hash: string;
}

const FORM = /^sl_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/;

export function newApiKey(): NewApiKey {
  const prefix = `sl_${randomBytes(4).toString('hex')}`;
  const text = `${prefix}_${randomBytes(32).toString('base64url')}`;
  return { text, prefix, hash: hashApiKey(text) };
}

export function isApiKeyText(text: string): boolean {
  return FORM.test(text);
}

/** SHA-256 in hexadecimal: 256 random bits need no slow hash. */
export function hashApiKey(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
