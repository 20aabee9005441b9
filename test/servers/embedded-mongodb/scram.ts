import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

const ITERATIONS = 4096;

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
const xor = (left: Buffer, right: Buffer): Buffer =>
  Buffer.from(left.map((byte, at) => byte ^ (right[at] ?? 0)));
const attributes = (message: string): Map<string, string> =>
  new Map(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));

/** What the server keeps of a password (RFC 5802 §3). */
export interface StoredCredential {
  readonly username: string;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export function storeCredential(username: string, password: string): StoredCredential {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  return {
    username,
    salt,
    storedKey: sha256(hmac(salted, 'Client Key')),
    serverKey: hmac(salted, 'Server Key'),
  };
}

export interface ScramConversation {
  readonly serverFirst: string;
  /** The server's last message, or `null` when the proof is wrong. */
  finish(clientFinal: string): string | null;
}

/** The server's side of SCRAM-SHA-256 (RFC 5802 §5, RFC 7677); `null` for an unknown user. */
export function startScram(credential: StoredCredential, clientFirst: string): ScramConversation | null {
  const clientFirstBare = clientFirst.slice('n,,'.length);
  const offered = attributes(clientFirstBare);
  const username = (offered.get('n') ?? '').replaceAll('=2C', ',').replaceAll('=3D', '=');
  if (username !== credential.username) return null;
  const nonce = `${offered.get('r')}${randomBytes(18).toString('base64')}`;
  const serverFirst = `r=${nonce},s=${credential.salt.toString('base64')},i=${ITERATIONS}`;
  return {
    serverFirst,
    finish(clientFinal) {
      const final = attributes(clientFinal);
      const withoutProof = clientFinal.slice(0, clientFinal.lastIndexOf(',p='));
      const authMessage = `${clientFirstBare},${serverFirst},${withoutProof}`;
      const proof = Buffer.from(final.get('p') ?? '', 'base64');
      if (proof.length !== 32 || final.get('r') !== nonce) return null;
      const clientKey = xor(proof, hmac(credential.storedKey, authMessage));
      if (!timingSafeEqual(sha256(clientKey), credential.storedKey)) return null;
      return `v=${hmac(credential.serverKey, authMessage).toString('base64')}`;
    },
  };
}
