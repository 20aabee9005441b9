import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { SealingKey } from '../common/seal';

const VERSION = 1;
const SALT_BYTES = 32;
const TAG_BYTES = 16;
/** A nonce must not be used twice under one key (NIST SP 800-38D, 8); every key here seals one value. */
const NONCE = Buffer.alloc(12);

/**
 * Seals bytes for one place of a store that others may read and write. The key is derived from the first of `keys` for
 * this value alone (HKDF-SHA-256, RFC 5869, with a random salt), so there is no bound on how many values may be sealed;
 * AES-256-GCM keeps it secret and whole. The place goes into the derivation: what was sealed for one opens in no other.
 *
 * Version (1) · length of the key's id (1) · the id · salt (32) · tag (16) · ciphertext
 */
export function sealBytes(keys: readonly SealingKey[], bytes: Buffer, place: string): Buffer {
  const [primary] = keys;
  if (!primary) throw new Error('there is no key to seal with');
  const salt = randomBytes(SALT_BYTES);
  const cipher = createCipheriv('aes-256-gcm', deriveKey(primary, salt, place), NONCE, {
    authTagLength: TAG_BYTES,
  });
  const id = Buffer.from(primary.id);
  const ciphertext = cipher.update(bytes);
  const last = cipher.final();
  return Buffer.concat([Buffer.from([VERSION, id.length]), id, salt, cipher.getAuthTag(), ciphertext, last]);
}

/** @returns `null` for whatever was not sealed by `sealBytes` under one of `keys` for this place */
export function openBytes(keys: readonly SealingKey[], sealed: Buffer, place: string): Buffer | null {
  if (sealed.length < 2 || sealed[0] !== VERSION) return null;
  const idEnd = 2 + sealed[1]!;
  const saltEnd = idEnd + SALT_BYTES;
  const tagEnd = saltEnd + TAG_BYTES;
  if (sealed.length < tagEnd) return null;
  const id = sealed.toString('utf8', 2, idEnd);
  const key = keys.find((known) => known.id === id);
  if (!key) return null;
  const derived = deriveKey(key, sealed.subarray(idEnd, saltEnd), place);
  const decipher = createDecipheriv('aes-256-gcm', derived, NONCE, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(saltEnd, tagEnd));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(tagEnd)), decipher.final()]);
  } catch {
    return null;
  }
}

function deriveKey({ id, key }: SealingKey, salt: Buffer, place: string): Buffer {
  const info = JSON.stringify(['sluice cache', VERSION, id, place]);
  // RFC 5869 takes any length; Node takes at most 1,024 bytes of it.
  return Buffer.from(hkdfSync('sha256', key, salt, info, 32));
}
