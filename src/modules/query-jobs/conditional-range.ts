import { parseByteRange } from './byte-range';
import type { ByteRange } from './store/sealed-result';

/** Fields of a request that say which part of a representation is wanted, and on what condition. */
export interface RangeFields {
  readonly range?: string;
  readonly 'if-range'?: string;
  readonly 'if-none-match'?: string;
}

export type RangeAnswer =
  | { readonly status: 200 | 206; readonly range: ByteRange }
  | { readonly status: 304 }
  | { readonly status: 416 };

/**
 * What a GET of `size` bytes under a strong `etag` is answered with (RFC 9110, 13.2.2). `If-Range` compares strongly
 * (13.1.5): a date or a weak tag there asks for everything.
 */
export function rangeAnswer(fields: RangeFields, etag: string, size: number): RangeAnswer {
  const known = (fields['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) return { status: 304 };
  const whole = { first: 0, last: size - 1 };
  if (fields['if-range'] !== undefined && fields['if-range'].trim() !== etag)
    return { status: 200, range: whole };
  const range = parseByteRange(fields.range, size);
  if (range === 'unsatisfiable') return { status: 416 };
  return range ? { status: 206, range } : { status: 200, range: whole };
}
