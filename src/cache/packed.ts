import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Smaller values are not worth a trip through the compressor. */
const COMPRESS_FROM_BYTES = 1024;
/** Compressed values that save less than this share stay as they are. */
const WORTH = 0.9;
/** What a value may grow to when it is unpacked: sealed by ourselves, and still bounded. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;

/** A cached value, as it lies in a level of the cache. */
export interface Packed {
  /** Milliseconds since 1970 when the value was computed. */
  readonly keptAt: number;
  readonly deflated: boolean;
  readonly bytes: Buffer;
}

/** Compressed (RFC 1951) in the thread pool of libuv, where that saves something. */
export async function deflated(packed: Packed): Promise<Packed> {
  if (packed.deflated || packed.bytes.length < COMPRESS_FROM_BYTES) return packed;
  const bytes = await deflate(packed.bytes, { level: 1 });
  return bytes.length < packed.bytes.length * WORTH ? { ...packed, bytes, deflated: true } : packed;
}

/** The value itself. */
export async function unpacked({ bytes, deflated: isDeflated }: Packed): Promise<Buffer> {
  return isDeflated ? await inflate(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }) : bytes;
}
