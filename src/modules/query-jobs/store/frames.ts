import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError } from '../../../common/app-error';

/** Bytes of a result in each frame but the last. */
export const FRAME_BYTES = 64 * 1024;
export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What a frame takes beside its bytes: nonce in front, tag behind. */
export const FRAME_OVERHEAD = NONCE_BYTES + TAG_BYTES;

/** What a frame is bound to: it opens nowhere else, at no other place, and tells whether another one follows. */
export interface FramePlace {
  /** Of the result. */
  readonly name: string;
  /** From 0. */
  readonly number: number;
  readonly last: boolean;
}

/**
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. A key seals one result: at 2^32 frames, the bound of that
 * document for random nonces, a result would have 256 TiB.
 */
export function sealFrame(key: Buffer, bytes: Uint8Array, place: FramePlace): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(place));
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** @throws AppError `job.result_damaged` when anything of it, its key or its place was changed */
export function openFrame(key: Buffer, frame: Buffer, place: FramePlace): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, frame.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(associated(place));
    decipher.setAuthTag(frame.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(frame.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (error) {
    throw new AppError('job.result_damaged', undefined, { cause: error });
  }
}

/** Also a result without bytes has one: that it is whole is told by its last frame. */
export function frameCount(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / FRAME_BYTES));
}

function associated({ name, number, last }: FramePlace): Buffer {
  return Buffer.from(JSON.stringify(['sluice-result', 1, name, number, last]));
}
