import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** `<session id>.<32 bytes, base64url>`; what is stored is its SHA-256. */
export interface RefreshToken {
  readonly text: string;
  readonly sessionId: string;
  /** SHA-256 in hexadecimal: the token has 128 random bits, so a slow hash would add nothing. */
  readonly hash: string;
}

const RANDOM_BYTES = 16;
const FORM = /^([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})$/;

/**
 * The second half of the 32 bytes proves that we issued the token. So only a token that was valid once can count as
 * reused and end a session; whoever merely knows a session's id cannot.
 */
export class RefreshTokens {
  private readonly key: Buffer;

  constructor(secret: Buffer) {
    this.key = Buffer.from(hkdfSync('sha256', secret, '', 'sluice refresh token', 32));
  }

  issue(sessionId: string): RefreshToken {
    const random = randomBytes(RANDOM_BYTES);
    const bytes = Buffer.concat([random, this.proof(sessionId, random)]);
    return describe(sessionId, `${sessionId}.${bytes.toString('base64url')}`);
  }

  /** @returns `null` for what we never issued */
  parse(text: string): RefreshToken | null {
    const [, sessionId, encoded] = FORM.exec(text) ?? [];
    if (!sessionId || !encoded) return null;
    const bytes = Buffer.from(encoded, 'base64url');
    // The last character holds two unused bits: of the spellings of one value, only ours is taken.
    if (bytes.toString('base64url') !== encoded) return null;
    const proof = this.proof(sessionId, bytes.subarray(0, RANDOM_BYTES));
    return timingSafeEqual(bytes.subarray(RANDOM_BYTES), proof) ? describe(sessionId, text) : null;
  }

  private proof(sessionId: string, random: Buffer): Buffer {
    return createHmac('sha256', this.key).update(sessionId).update(random).digest().subarray(0, 16);
  }
}

function describe(sessionId: string, text: string): RefreshToken {
  return { text, sessionId, hash: createHash('sha256').update(text).digest('hex') };
}
