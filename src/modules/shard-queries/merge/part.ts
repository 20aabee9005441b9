import type { Column, Row } from '../../../drivers/cell';

/** What one part answers, pulled as it comes. */
export interface Part {
  /** Resolves when its first rows have come, or its end; rejects when it fails before. */
  ready(): Promise<void>;
  /** Known once it is ready. */
  readonly columns: readonly Column[];
  /** Rows that have arrived; none only at the end. */
  read(): Promise<readonly Row[]>;
}
