import { AppError } from '../../common/app-error';
import type { Cell, Column, Row } from '../../drivers/cell';
import type { Fold, MergePlan, OrderKey } from '../../sql/merge/merge-plan';
import type { QueryOutcome } from '../query/query-result';
import { comparisonOf, scaledOf, unitsAt } from './compare-cells';

/**
 * The answer over everything, of the answers over the parts.
 * @param maxRows of the merged answer
 * @throws AppError `shard.not_mergeable` when it would not be exact
 */
export function mergeOutcomes(
  plan: MergePlan,
  outcomes: readonly QueryOutcome[],
  maxRows: number,
): QueryOutcome {
  const columns = sharedColumns(outcomes.map((outcome) => outcome.columns));
  if (plan.folds) {
    const parts = outcomes.map(({ rows }) => rows[0] ?? []);
    const row = plan.folds.map((fold, index) =>
      foldCells[fold](
        parts.map((part) => part[index] ?? null),
        columns[index]!,
      ),
    );
    return { columns, rows: [row], truncated: false, affectedRows: null };
  }
  const all = outcomes.flatMap(({ rows }) => rows);
  const ordered = plan.order.length === 0 ? all : all.toSorted(orderBy(plan.order, columns));
  const limited = plan.limit === null ? ordered : ordered.slice(0, plan.limit);
  const rows = limited.slice(0, maxRows);
  // A part that was cut has rows behind its last one, which the limit of the statement may have left out anyway.
  const cut = outcomes.some(({ truncated }) => truncated) && rows.length < (plan.limit ?? Infinity);
  return { columns, rows, truncated: cut || rows.length < limited.length, affectedRows: null };
}

function sharedColumns(all: readonly (readonly Column[])[]): readonly Column[] {
  const shapes = new Set(all.map((columns) => JSON.stringify(columns.map(({ name, type }) => [name, type]))));
  if (shapes.size !== 1) {
    throw new AppError('shard.not_mergeable', 'The shards answer with different columns or types');
  }
  return all[0]!;
}

function orderBy(order: readonly OrderKey[], columns: readonly Column[]): (a: Row, b: Row) => number {
  const keys = order.map(({ column, descending, nullsFirst }) => {
    const found = columns.flatMap(({ name }, index) =>
      name.toLowerCase() === column.toLowerCase() ? [index] : [],
    );
    const [index] = found;
    if (index === undefined || found.length > 1) {
      throw new AppError(
        'shard.not_mergeable',
        `"${column}" is not the one column of the result of this name`,
      );
    }
    const compare = comparisonOf(columns[index]!.type);
    return (a: Row, b: Row): number => {
      const [one, two] = [a[index] ?? null, b[index] ?? null];
      if (one === null && two === null) return 0;
      if (one === null) return nullsFirst ? -1 : 1;
      if (two === null) return nullsFirst ? 1 : -1;
      return descending ? compare(two, one) : compare(one, two);
    };
  });
  return (a, b) => {
    for (const key of keys) {
      const difference = key(a, b);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

type FoldCells = (cells: readonly Cell[], column: Column) => Cell;

const foldCells: Readonly<Record<Fold, FoldCells>> = {
  count: sum,
  sum,
  min: (cells, { type }) => first(cells, comparisonOf(type)),
  max: (cells, { type }) => {
    const compare = comparisonOf(type);
    return first(cells, (a, b) => compare(b, a));
  },
};

function first(cells: readonly Cell[], compare: (a: Cell, b: Cell) => number): Cell {
  return cells.filter((cell) => cell !== null).toSorted(compare)[0] ?? null;
}

const exactTypes = new Set<Column['type']>(['integer', 'bigint', 'decimal']);

/** Floats are not: their sum depends on the order in which they are added. */
function sum(cells: readonly Cell[], { type }: Column): Cell {
  if (!exactTypes.has(type))
    throw new AppError('shard.not_mergeable', `Sums of the type ${type} are not exact`);
  const numbers = cells.filter((cell) => cell !== null).map(scaledOf);
  if (numbers.length === 0) return null;
  const scale = Math.max(...numbers.map((one) => one.scale));
  const total = numbers.reduce((units, one) => units + unitsAt(one, scale), 0n);
  return type === 'integer' ? Number(total) : textOf(total, scale);
}

function textOf(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = scale === 0 ? '' : `.${digits.slice(-scale)}`;
  return `${units < 0n ? '-' : ''}${whole}${fraction}`;
}
