import type { TextEdit } from './rewriting';

/** A change whose text depends on what is found later. */
export interface PlannedEdit<Found extends readonly unknown[] = []> {
  readonly start: number;
  readonly end: number;
  readonly text: (...found: Found) => string;
  /** It holds a derived table, within which alone a protected relation may be named. */
  readonly holds: boolean;
}

export interface EditedText {
  readonly text: string;
  readonly edits: readonly TextEdit[];
  /** Where derived tables stand in the new text. */
  readonly spans: readonly { readonly start: number; readonly end: number }[];
}

/** Edits at one place stand in the order in which they were planned. */
export function applyEdits<Found extends readonly unknown[]>(
  text: string,
  planned: readonly PlannedEdit<Found>[],
  ...found: Found
): EditedText {
  const sorted = planned.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const edits: TextEdit[] = [];
  const spans: { start: number; end: number }[] = [];
  let result = '';
  let at = 0;
  for (const { start, end, text: make, holds } of sorted) {
    if (start < at) throw new Error('Edits overlap');
    result += text.slice(at, start);
    const replacement = make(...found);
    if (holds) spans.push({ start: result.length, end: result.length + replacement.length });
    result += replacement;
    edits.push({ start, end, text: replacement });
    at = end;
  }
  return { text: result + text.slice(at), edits, spans };
}
