import type { TextEdit } from './rewriting';

/**
 * Where in the text as it was written a position of the edited text lies; inside an inserted text, where that begins.
 *
 * @param position 1-based in characters, as servers count, or UTF-16 units where all are in the basic plane
 */
export function originalPosition(edits: readonly TextEdit[], position: number): number {
  let shift = 0;
  for (const { start, end, text } of edits) {
    const from = start + shift;
    if (position - 1 < from) break;
    if (position - 1 < from + text.length) return start + 1;
    shift += text.length - (end - start);
  }
  return position - shift;
}
