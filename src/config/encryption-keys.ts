import { ConfigError } from './config-error';

/** A key of AES-256; the id is stored beside what it sealed. */
export interface EncryptionKey {
  readonly id: string;
  readonly key: Buffer;
}

const KEY_BYTES = 32;

/**
 * Parses `id:base64,id:base64`.
 * @throws ConfigError that never repeats key material.
 */
export function parseEncryptionKeys(text: string): EncryptionKey[] {
  const keys = text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)
    .map((item, index): EncryptionKey => {
      const separator = item.indexOf(':');
      const id = item.slice(0, Math.max(separator, 0));
      const encoded = item.slice(separator + 1);
      const key = Buffer.from(encoded, 'base64');
      const canonical = key.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '');
      if (!/^[A-Za-z0-9._-]{1,64}$/.test(id) || !canonical || key.length !== KEY_BYTES) {
        throw new ConfigError([`ENCRYPTION_KEYS: entry ${index + 1} is not id:base64 of 32 bytes`]);
      }
      return { id, key };
    });
  if (keys.length === 0) throw new ConfigError(['ENCRYPTION_KEYS holds no key']);
  if (new Set(keys.map(({ id }) => id)).size !== keys.length) {
    throw new ConfigError(['ENCRYPTION_KEYS names an id twice']);
  }
  return keys;
}
