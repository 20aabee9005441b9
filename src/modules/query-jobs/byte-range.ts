import type { ByteRange } from './store/sealed-result';

/** Digits and nothing else: `Number` would also take signs, exponents and blanks. */
const RANGE = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i;

/**
 * What `Range` asks for of a representation of `size` bytes (RFC 9110, 14.1.2). Several ranges at once are answered with
 * all of it, as section 14.2 lets a server do.
 * @returns `null` when the field is absent, or to be ignored; `unsatisfiable` is answered with 416
 */
export function parseByteRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | null {
  const [, from, to] = RANGE.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return null;
  const end = size - 1;
  if (from === '') {
    const length = Number(to);
    if (length === 0) return 'unsatisfiable';
    // The whole of nothing cannot be named by a Content-Range.
    return size === 0 ? null : { first: Math.max(0, size - length), last: end };
  }
  const first = Number(from);
  if (to !== '' && Number(to) < first) return null;
  if (first > end) return 'unsatisfiable';
  return { first, last: to === '' ? end : Math.min(Number(to), end) };
}
