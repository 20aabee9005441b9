import { ConfigError } from './config-error';

const SEED_BYTES = 32;

/**
 * The base64 of 32 bytes: the secret key of Ed25519 as RFC 8032, 5.1.5 has it.
 * @throws ConfigError that never repeats key material
 */
export function parseSigningSeed(text: string): Buffer {
  const seed = Buffer.from(text, 'base64');
  const canonical = seed.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  if (!canonical || seed.length !== SEED_BYTES) {
    throw new ConfigError(['AUDIT_SIGNING_KEY is not the base64 of 32 bytes']);
  }
  return seed;
}
