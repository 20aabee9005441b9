/** The body of a DataRow where it was received: the number of cells at `at`, then their lengths and texts. */
export interface WireRow {
  readonly bytes: Buffer;
  readonly at: number;
}

/** The cells in text form (manual, "Message Formats", DataRow: a length of -1 is NULL). */
export function wireCells({ bytes, at }: WireRow): (string | null)[] {
  const count = bytes.readInt16BE(at);
  const cells = new Array<string | null>(count);
  let next = at + 2;
  for (let index = 0; index < count; index++) {
    const length = bytes.readInt32BE(next);
    next += 4;
    if (length < 0) {
      cells[index] = null;
    } else {
      cells[index] = bytes.toString('utf8', next, next + length);
      next += length;
    }
  }
  return cells;
}
