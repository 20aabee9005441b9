import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError } from './app-error';

/** AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; binary members are base64. */
export interface Sealed {
  readonly v: 1;
  readonly keyId: string;
  readonly nonce: string;
  readonly ciphertext: string;
  readonly tag: string;
}

export interface SealingKey {
  readonly id: string;
  readonly key: Buffer;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals `plaintext` under the first key. `associated` says what it belongs to (a row's id): what was sealed for one
 * row cannot be opened in another.
 */
export function seal(keys: readonly SealingKey[], plaintext: string, associated: string): Sealed {
  const [primary] = keys;
  if (!primary) throw new Error('there is no key to seal with');
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', primary.key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(primary.id, associated));
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return {
    v: 1,
    keyId: primary.id,
    nonce: nonce.toString('base64'),
    ciphertext: ciphertext.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
  };
}

/**
 * @throws AppError `connection.key_unknown` when the key is not loaded, `connection.unsealable` when anything of
 * the sealed value, its key or what it belongs to was changed
 */
export function open(keys: readonly SealingKey[], sealed: Sealed, associated: string): string {
  const found = keys.find(({ id }) => id === sealed.keyId);
  if (!found)
    throw new AppError('connection.key_unknown', 'Sealed under a key that ENCRYPTION_KEYS does not hold');
  try {
    const decipher = createDecipheriv('aes-256-gcm', found.key, Buffer.from(sealed.nonce, 'base64'), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(associatedData(found.id, associated));
    decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
    return Buffer.concat([decipher.update(sealed.ciphertext, 'base64'), decipher.final()]).toString('utf8');
  } catch (error) {
    throw new AppError('connection.unsealable', undefined, { cause: error });
  }
}

function associatedData(keyId: string, associated: string): Buffer {
  return Buffer.from(JSON.stringify(['sluice', 1, keyId, associated]));
}
