import { createPublicKey, type KeyObject } from 'node:crypto';
import { keyIdOf } from '../signing-key';

const PEM = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g;

/**
 * The public keys in a text, by their ids: PEM blocks, also inside of what `GET /api/audit/keys` answers.
 * @throws Error when there is none
 */
export function readKeys(text: string): Map<string, KeyObject> {
  const keys = [...text.replaceAll('\\n', '\n').matchAll(PEM)].map(([pem]) => createPublicKey(pem));
  if (keys.length === 0) throw new Error('there is no public key (PEM) in the file of keys');
  return new Map(keys.map((key) => [keyIdOf(key), key]));
}
