/** A piece of a statement: where it stands, and what is written in its place. */
export interface Piece {
  readonly start: number;
  /** First unit after it. */
  readonly end: number;
  readonly text: string;
}

/**
 * The pieces in one line, without semicolons at its end: one space wherever something stood between two of them, so
 * comments and line breaks are gone.
 */
export function joinPieces(pieces: readonly Piece[]): string {
  let text = '';
  let at = pieces[0]?.start ?? 0;
  for (const piece of pieces) {
    if (piece.start > at) text += ' ';
    text += piece.text;
    at = piece.end;
  }
  return text.replace(/(?: ?;)+$/, '');
}
