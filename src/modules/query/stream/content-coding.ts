import zlib from 'node:zlib';
import type { Transform } from 'node:stream';

export type ContentCoding = 'zstd' | 'br' | 'gzip';

interface Zstd {
  readonly createZstdCompress?: (this: void) => Transform;
}
/** Node has it since 22.15. */
const { createZstdCompress } = zlib as Zstd;

/**
 * Those this process can write, the preferred one first. Levels are those that keep up with a database rather than
 * those that make the smallest body.
 */
const compressors: Partial<Record<ContentCoding, () => Transform>> = {
  ...(createZstdCompress && { zstd: () => createZstdCompress() }),
  br: () => zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: () => zlib.createGzip({ level: 4 }),
};

/** Picks the coding for `Accept-Encoding` (RFC 9110, 12.5.3); `null` is no coding. */
export function chooseCoding(accept: string | undefined): ContentCoding | null {
  if (!accept) return null;
  const asked = new Map<string, number>();
  for (const part of accept.toLowerCase().split(',')) {
    const [name = '', ...params] = part.split(';').map((piece) => piece.trim());
    const q = params.find((param) => param.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    if (name !== '') asked.set(name === 'x-gzip' ? 'gzip' : name, weight >= 0 && weight <= 1 ? weight : 0);
  }
  const weightOf = (coding: string): number => asked.get(coding) ?? asked.get('*') ?? 0;
  let best: ContentCoding | null = null;
  // What is asked for by name only: identity is acceptable to whoever does not say otherwise.
  let most = asked.get('identity') ?? 0;
  for (const coding of Object.keys(compressors) as ContentCoding[]) {
    if (weightOf(coding) > most) {
      best = coding;
      most = weightOf(coding);
    }
  }
  return best;
}

export function compressor(coding: ContentCoding): Transform {
  return compressors[coding]!();
}
