import type { Row } from '../../../drivers/cell';
import type { RowOrder, Ranks } from './merge-key';
import type { Part } from './part';
import type { RowKeeper } from './row-keeper';

/** Rows as they come. */
export type Rows = AsyncGenerator<readonly Row[], void>;

/** One part behind the other. */
export async function* concatenate(parts: AsyncIterable<Part> | Iterable<Part>): Rows {
  for await (const part of parts) {
    for (let rows = await part.read(); rows.length > 0; rows = await part.read()) yield rows;
  }
}

/** Rows of one part, and the one that is next. */
interface Run {
  readonly part: Part;
  readonly index: number;
  rows: readonly Row[];
  at: number;
  ranks: Ranks;
}

const BATCH_ROWS = 1000;

/** Parts that are in order, as one that is in order; of equal rows those of the earlier part come first. */
export async function* mergeOrdered(parts: readonly Part[], order: RowOrder): Rows {
  const heap: Run[] = [];
  const before = (a: Run, b: Run): boolean => (order.compare(a.ranks, b.ranks) || a.index - b.index) < 0;
  const advance = async (run: Run): Promise<boolean> => {
    run.at += 1;
    if (run.at >= run.rows.length) {
      run.rows = await run.part.read();
      run.at = 0;
    }
    const row = run.rows[run.at];
    if (row) run.ranks = order.ranksOf(row);
    return row !== undefined;
  };
  for (const [index, part] of parts.entries()) {
    const run: Run = { part, index, rows: [], at: -1, ranks: [] };
    if (await advance(run)) heap.push(run);
  }
  for (let at = heap.length >> 1; at >= 0; at -= 1) sink(heap, at, before);
  let batch: Row[] = [];
  while (heap.length > 0) {
    const least = heap[0]!;
    batch.push(least.rows[least.at]!);
    // What is there goes on before more is waited for.
    if (batch.length === BATCH_ROWS || least.at + 1 >= least.rows.length) {
      yield batch;
      batch = [];
    }
    if (!(await advance(least))) {
      const last = heap.pop()!;
      if (heap.length > 0 && last !== least) heap[0] = last;
    }
    sink(heap, 0, before);
  }
}

function sink(heap: Run[], from: number, before: (a: Run, b: Run) => boolean): void {
  for (let at = from; ;) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
    }
    if (least === at) return;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}

/** The first of equal rows. */
export async function* withoutRepeats(
  rows: AsyncIterable<readonly Row[]>,
  equalityOf: (row: Row) => string,
  keeper: RowKeeper,
): Rows {
  const seen = new Set<string>();
  for await (const batch of rows) {
    const fresh = batch.filter((row) => {
      const equality = equalityOf(row);
      if (seen.has(equality)) return false;
      keeper.keep(equality.length);
      seen.add(equality);
      return true;
    });
    if (fresh.length > 0) yield fresh;
  }
}

/** Rows `offset` to `offset + limit`; nothing more is read once they are there. */
export async function* cut(rows: AsyncIterable<readonly Row[]>, limit: number | null, offset: number): Rows {
  let skip = offset;
  let left = limit ?? Infinity;
  if (left === 0) return;
  for await (const batch of rows) {
    const wanted = batch.slice(skip, skip + left);
    skip = Math.max(0, skip - batch.length);
    left -= wanted.length;
    if (wanted.length > 0) yield wanted;
    if (left <= 0) return;
  }
}
