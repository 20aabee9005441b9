import { AppError } from '../../../common/app-error';
import type { Dialect } from '../../../common/dialect';
import type { Column, Row } from '../../../drivers/cell';
import type { MergePlan } from '../../../sql/merge/merge-plan';
import { GroupMerger } from './merge-groups';
import { equalityOf, rowOrder } from './merge-key';
import { concatenate, cut, mergeOrdered, withoutRepeats, type Rows } from './merge-rows';
import type { Part } from './part';
import { RowKeeper } from './row-keeper';

export interface Merged {
  readonly columns: readonly Column[];
  readonly rows: Rows;
}

/** Whether all parts are read side by side: their rows come in an order that holds for all of them. */
export function isSideBySide({ order, grouping }: MergePlan): boolean {
  return order.length > 0 && grouping === null;
}

/**
 * The answer over everything, of the answers over the parts, as they come. Memory holds some rows of each part, and what
 * `RowKeeper` allows of groups and of rows that are told apart.
 * @throws AppError `shard.not_mergeable` when it would not be exact; the rows may throw it as well
 */
export async function mergeParts(
  plan: MergePlan,
  parts: readonly Part[],
  dialect: Dialect,
  keeper: RowKeeper = new RowKeeper(),
): Promise<Merged> {
  const { added, grouping, distinct, limit, offset } = plan;
  await (isSideBySide(plan) ? Promise.all(parts.map((part) => part.ready())) : parts[0]!.ready());
  const { columns } = parts[0]!;
  const checked = parts.map((part) => sameColumns(part, columns));
  const order = rowOrder(plan.order, columns, added, dialect);
  let rows: Rows;
  if (grouping) {
    const groups = new GroupMerger(grouping, plan, columns, dialect, keeper);
    rows = grouped(concatenate(checked), groups, (all) => sorted(all, order));
  } else {
    rows = isSideBySide(plan) ? mergeOrdered(checked, order) : concatenate(checked);
  }
  if (distinct) rows = withoutRepeats(rows, equalityOf(distinct, columns, added, dialect), keeper);
  const width = columns.length - added;
  return { columns: columns.slice(0, width), rows: narrowed(cut(rows, limit, offset), added, width) };
}

/** Parts with other columns than the first are no parts of one table. */
function sameColumns(part: Part, columns: readonly Column[]): Part {
  const shape = shapeOf(columns);
  let known = false;
  return {
    columns,
    ready: () => part.ready(),
    read: async () => {
      const rows = await part.read();
      if (!known && shapeOf(part.columns) !== shape) {
        throw new AppError('shard.not_mergeable', 'The shards answer with different columns or types');
      }
      known = true;
      return rows;
    },
  };
}

function shapeOf(columns: readonly Column[]): string {
  return JSON.stringify(columns.map(({ name, type }) => [name, type]));
}

async function* grouped(
  rows: AsyncIterable<readonly Row[]>,
  groups: GroupMerger,
  inOrder: (rows: Row[]) => Row[],
): Rows {
  for await (const batch of rows) for (const row of batch) groups.add(row);
  const all = inOrder(groups.rows());
  if (all.length > 0) yield all;
}

function sorted(rows: Row[], order: ReturnType<typeof rowOrder>): Row[] {
  const ranked = rows.map((row) => ({ row, ranks: order.ranksOf(row) }));
  return ranked.toSorted((a, b) => order.compare(a.ranks, b.ranks)).map(({ row }) => row);
}

async function* narrowed(rows: AsyncIterable<readonly Row[]>, added: number, width: number): Rows {
  for await (const batch of rows) yield added === 0 ? batch : batch.map((row) => row.slice(0, width));
}
