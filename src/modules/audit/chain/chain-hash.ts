import { hash } from 'node:crypto';

export const HASH_BYTES = 32;
/** What the first record of a chain has before it. */
export const NO_HASH: Buffer = Buffer.alloc(HASH_BYTES);

const CHAIN_BYTES = 16;
const scratch = Buffer.alloc(1 + CHAIN_BYTES + 8 + HASH_BYTES + HASH_BYTES);

/**
 * A link: SHA-256(00 ‖ chain, 16 bytes ‖ number, 8 bytes big-endian ‖ previous link ‖ SHA-256(canonical record)). The
 * first byte keeps links, nodes and leaves of trees apart, so that none can be passed off as another.
 */
export function entryHash(chain: Buffer, seq: number, previous: Buffer, canonicalText: string): Buffer {
  scratch[0] = 0;
  chain.copy(scratch, 1);
  scratch.writeBigUInt64BE(BigInt(seq), 17);
  previous.copy(scratch, 25);
  sha256(canonicalText).copy(scratch, 57);
  return sha256(scratch);
}

/** A node of a tree: SHA-256(01 ‖ left ‖ right). */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.concat([NODE, left, right]));
}

/** The leaf that stands for a segment in the tree of its root: SHA-256(02 ‖ canonical segment). */
export function segmentHash(canonicalText: string): Buffer {
  return sha256(Buffer.concat([SEGMENT, Buffer.from(canonicalText)]));
}

export function sha256(data: string | Buffer): Buffer {
  return hash('sha256', data, 'buffer');
}

/** The 16 bytes of a UUID. */
export function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

const NODE = Buffer.of(1);
const SEGMENT = Buffer.of(2);
