import { canonicalJson } from '../audit/chain/canonical-json';
import { NO_HASH, sha256 } from '../audit/chain/chain-hash';
import { merkleRoot } from '../audit/chain/merkle';
import { segmentLeaf, type Segment } from '../audit/chain/segment';
import type { SigningKey } from './signing-key';

export const ROOT_VERSION = 1;

/** What is signed: its canonical form, RFC 8785. */
export interface RootBody {
  /** `2026-11-20T12:00:00.123456Z` */
  readonly at: string;
  /** From 1, without a gap. */
  readonly number: number;
  /** SHA-256 of the canonical form of the root before it, hexadecimal; zeros for the first. */
  readonly previous: string;
  /** How many segments it covers. */
  readonly segments: number;
  /** Root of the tree over them, hexadecimal. */
  readonly tree: string;
  readonly v: number;
}

export interface SignedRoot {
  readonly body: RootBody;
  /** The canonical form of `body`: what was signed. */
  readonly text: string;
  readonly hash: Buffer;
  readonly keyId: string;
  readonly signature: Buffer;
}

/** The end of the chain of roots. */
export interface LastRoot {
  readonly number: number;
  readonly hash: Buffer;
}

export const NO_ROOT: LastRoot = { number: 0, hash: NO_HASH };

export function signRoot(
  last: LastRoot,
  at: string,
  segments: readonly Segment[],
  key: SigningKey,
): SignedRoot {
  const body: RootBody = {
    at,
    number: last.number + 1,
    previous: last.hash.toString('hex'),
    segments: segments.length,
    tree: merkleRoot(segments.map(segmentLeaf)).toString('hex'),
    v: ROOT_VERSION,
  };
  const text = canonicalJson(body);
  return { body, text, hash: sha256(text), keyId: key.id, signature: key.sign(text) };
}
