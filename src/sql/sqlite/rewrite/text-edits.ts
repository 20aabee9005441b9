import type { TextEdit } from '../../policy/rewriting';

/** Changes of one text, gathered in any order; the same change may be noted twice. */
export class TextEdits {
  private readonly byPlace = new Map<string, TextEdit>();

  replace(start: number, end: number, text: string): void {
    this.byPlace.set(`${start}:${end}:${start === end ? text : ''}`, { start, end, text });
  }

  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  get size(): number {
    return this.byPlace.size;
  }

  /** What is written instead of exactly this piece. */
  at(start: number, end: number): string | undefined {
    return this.byPlace.get(`${start}:${end}:`)?.text;
  }

  /** Whether anything between two offsets changes. */
  touch(start: number, end: number): boolean {
    return [...this.byPlace.values()].some((edit) => edit.start >= start && edit.end <= end);
  }

  /** By place; an insertion comes before what is replaced there. */
  sorted(): TextEdit[] {
    return [...this.byPlace.values()].toSorted(
      (left, right) => left.start - right.start || left.end - right.end,
    );
  }

  apply(text: string): string {
    let at = 0;
    let result = '';
    for (const edit of this.sorted()) {
      if (edit.start < at) throw new Error('edits overlap');
      result += text.slice(at, edit.start) + edit.text;
      at = edit.end;
    }
    return result + text.slice(at);
  }
}
