import { AppError } from '../../../common/app-error';
import type { Dialect } from '../../../common/dialect';
import type { Cell, Column, Row } from '../../../drivers/cell';
import type { FoldAt, Grouping, MergePlan } from '../../../sql/merge/merge-plan';
import { addDecimals, averageOf, decimalOf, decimalText, type Decimal } from './exact-decimal';
import { equalityOf, indexOf, MergeKey, type Rank } from './merge-key';
import type { RowKeeper } from './row-keeper';

/** Changes the row of a group so that it holds what another part says of the same group. */
type FoldRow = (into: Cell[], row: Row) => void;

type FoldMaker<Fold extends FoldAt> = (
  fold: Fold,
  about: { readonly columns: readonly Column[]; readonly added: number; readonly dialect: Dialect },
) => FoldRow;

const exactTypes = new Set<Column['type']>(['integer', 'bigint', 'decimal']);

const sum = (index: number, { type }: Column): FoldRow => {
  // Floats are not: their sum depends on the order in which they are added.
  if (!exactTypes.has(type)) {
    throw new AppError('shard.not_mergeable', `Sums and averages of the type ${type} depend on an order`);
  }
  return (into, row) => {
    const [one, two] = [into[index] ?? null, row[index] ?? null];
    if (two === null) return;
    // A value that is no finite number is refused also where it stands alone.
    const total = one === null ? decimalOf(two) : addDecimals(decimalOf(one), decimalOf(two));
    into[index] = type === 'integer' ? Number(decimalText(total)) : decimalText(total);
  };
};

const extreme: FoldMaker<Extract<FoldAt, { fold: 'min' | 'max' }>> = (
  { at, key, fold },
  { columns, added, dialect },
) => {
  const index = indexOf(at, columns, added);
  const said = key.collation === null ? null : columns.length - added + key.collation;
  const values = new MergeKey(key, columns, added, dialect, 'extreme');
  const direction = fold === 'min' ? 1 : -1;
  const best = new WeakMap<Cell[], Rank>();
  return (into, row) => {
    const [one, two] = [best.get(into) ?? null, values.rankOf(row)];
    if (two === null || (one !== null && values.compare(one, two) * direction <= 0)) return;
    best.set(into, two);
    into[index] = row[index]!;
    if (said !== null) into[said] = row[said]!;
  };
};

const makers: { readonly [Fold in FoldAt['fold']]: FoldMaker<Extract<FoldAt, { fold: Fold }>> } = {
  count: ({ at }, { columns, added }) => foldSum(at, columns, added),
  sum: ({ at }, { columns, added }) => foldSum(at, columns, added),
  min: extreme,
  max: extreme,
  avg: ({ at, ...parts }, { columns, added }) => {
    const index = indexOf(at, columns, added);
    const folded = [parts.sum, parts.count].map((one) => foldSum({ added: one }, columns, added));
    return (into, row) => {
      for (const fold of folded) fold(into, row);
      // Any average that is none of nothing: the scale that the engine shows.
      into[index] ??= row[index] ?? null;
    };
  },
};

function foldSum(at: FoldAt['at'], columns: readonly Column[], added: number): FoldRow {
  const index = indexOf(at, columns, added);
  return sum(index, columns[index]!);
}

/** Puts the groups of the parts together; memory holds one row for each. */
export class GroupMerger {
  private readonly groups = new Map<string, Cell[]>();
  private readonly keyOf: (row: Row) => string;
  private readonly folds: readonly FoldRow[];

  /** @throws AppError `shard.not_mergeable` for types that do not merge exactly */
  constructor(
    private readonly grouping: Grouping,
    private readonly plan: MergePlan,
    private readonly columns: readonly Column[],
    private readonly dialect: Dialect,
    private readonly keeper: RowKeeper,
  ) {
    const about = { columns, added: plan.added, dialect };
    this.keyOf = equalityOf(grouping.keys, columns, plan.added, dialect);
    this.folds = grouping.folds.map((fold) => makers[fold.fold](fold as never, about));
  }

  add(row: Row): void {
    const key = this.keyOf(row);
    let group = this.groups.get(key);
    if (!group) {
      group = this.emptyOf(row);
      this.keeper.keep(key.length + JSON.stringify(row).length);
      this.groups.set(key, group);
    }
    for (const fold of this.folds) fold(group, row);
  }

  /** The groups as they would have been on the whole. */
  rows(): Row[] {
    const { added } = this.plan;
    const averages = this.grouping.folds.flatMap((fold) =>
      fold.fold === 'avg'
        ? [
            {
              index: indexOf(fold.at, this.columns, added),
              sum: indexOf({ added: fold.sum }, this.columns, added),
              count: indexOf({ added: fold.count }, this.columns, added),
            },
          ]
        : [],
    );
    return Array.from(this.groups.values(), (group) => {
      for (const { index, sum: total, count } of averages) {
        group[index] = this.average(group[total], group[count], group[index]);
      }
      return group;
    });
  }

  private average(total: Cell | undefined, count: Cell | undefined, shown: Cell | undefined): Cell {
    if (total === null || total === undefined) return null;
    const [dividend, { units }]: [Decimal, Decimal] = [decimalOf(total), decimalOf(count)];
    return decimalText(averageOf(dividend, units, decimalOf(shown), this.dialect));
  }

  /** The row of a group before anything is folded into it: its keys. */
  private emptyOf(row: Row): Cell[] {
    const { added } = this.plan;
    const group = [...row];
    for (const fold of this.grouping.folds) {
      group[indexOf(fold.at, this.columns, added)] = null;
      if (fold.fold !== 'avg') continue;
      for (const one of [fold.sum, fold.count]) group[indexOf({ added: one }, this.columns, added)] = null;
    }
    return group;
  }
}
