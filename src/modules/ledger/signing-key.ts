import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

/** DER of a PKCS #8 Ed25519 key up to the 32 bytes of its seed (RFC 8410, 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The Ed25519 key (RFC 8032) that signs roots. */
export class SigningKey {
  readonly id: string;
  /** PEM, SubjectPublicKeyInfo. */
  readonly publicPem: string;
  private readonly secret: KeyObject;

  constructor(seed: Buffer) {
    this.secret = createPrivateKey({
      key: Buffer.concat([PKCS8_PREFIX, seed]),
      format: 'der',
      type: 'pkcs8',
    });
    const key = createPublicKey(this.secret);
    this.id = keyIdOf(key);
    this.publicPem = String(key.export({ format: 'pem', type: 'spki' }));
  }

  sign(text: string): Buffer {
    return sign(null, Buffer.from(text), this.secret);
  }
}

/** First 16 hexadecimal digits of the SHA-256 of the key in its DER form. */
export function keyIdOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('hex')
    .slice(0, 16);
}

export function isSignedBy(key: KeyObject, text: string, signature: Buffer): boolean {
  return verify(null, Buffer.from(text), key, signature);
}
