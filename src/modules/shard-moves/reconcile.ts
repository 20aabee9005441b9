import { AppError } from '../../common/app-error';
import { fullName } from '../../common/relation-description';
import { compareTable, type Differences } from './compare-table';
import { insertWhatFits } from './copy-table';
import type { MoveTable } from './move-table';
import { ShardSide, type RowDigest } from './shard-side';

const ROWS_AT_ONCE = 200;
const UPDATES_AT_ONCE = 4;

export interface Reconciled {
  /** Rows that were not the same. */
  readonly differences: number;
  /** Tables with rows that could not be put there. */
  readonly stuck: readonly MoveTable[];
  /** Rows of each table. */
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * Makes the rows of the range on `to` those that are on `from`: inserted, changed and deleted ones.
 * @param tables parents first
 * @param strict nobody writes meanwhile: a row that does not fit fails it, instead of being left for the next time
 */
export async function reconcile(
  from: ShardSide,
  to: ShardSide,
  tables: readonly MoveTable[],
  expected: Readonly<Record<string, number>>,
  strict: boolean,
): Promise<Reconciled> {
  const rows: Record<string, number> = {};
  const found = new Map<MoveTable, Differences[]>();
  // Children first: what they refer to is there when their parents are read later.
  for (const table of tables.toReversed()) {
    const differences: Differences[] = [];
    found.set(table, differences);
    const name = fullName(table);
    rows[name] = await compareTable(from, to, table, expected[name] ?? 0, (one) => differences.push(one));
  }
  let differences = 0;
  const stuck = new Set<MoveTable>();
  for (const table of tables.toReversed()) {
    for (const { surplus } of found.get(table)!) {
      differences += surplus.length;
      for (const some of lotsOf(surplus, ROWS_AT_ONCE)) await to.delete(table, some);
    }
  }
  for (const table of tables) {
    for (const { missing, changed } of found.get(table)!) {
      differences += missing.length + changed.length;
      if (!(await insertMissing(from, to, table, missing, strict))) stuck.add(table);
      await updateChanged(from, to, table, changed);
    }
  }
  return { differences, stuck: [...stuck], rows };
}

/** @returns whether all of them found their place */
async function insertMissing(
  from: ShardSide,
  to: ShardSide,
  table: MoveTable,
  missing: readonly RowDigest[],
  strict: boolean,
): Promise<boolean> {
  let left = 0;
  for (const some of lotsOf(missing, ShardSide.rowsAtOnce(table, ROWS_AT_ONCE))) {
    const rows = await from.rows(table, some);
    const inserted = strict ? await to.insert(table, rows) : await insertWhatFits(to, table, rows);
    left += rows.length - inserted;
    if (strict && left > 0) throw conflictIn(table);
  }
  return left === 0;
}

/** Rows of another key stand where rows of the moved keys should go. */
export function conflictIn(table: MoveTable): AppError {
  return new AppError(
    'shard.move_differs',
    `Rows of ${fullName(table)} have a primary key or another unique value that rows of other keys have on the target, or refer to what is not there`,
  );
}

async function updateChanged(
  from: ShardSide,
  to: ShardSide,
  table: MoveTable,
  changed: readonly RowDigest[],
): Promise<void> {
  const order = table.primaryKey.map(({ name }) => table.columns.findIndex((one) => one.name === name));
  for (const some of lotsOf(changed, ROWS_AT_ONCE)) {
    const byKey = new Map(some.map((digest) => [JSON.stringify(digest.key), digest]));
    const rows = await from.rows(table, some);
    for (const few of lotsOf(rows, UPDATES_AT_ONCE)) {
      await Promise.all(
        few.map(async (row) => {
          const digest = byKey.get(JSON.stringify(order.map((index) => row[index])));
          if (digest) await to.update(table, digest, row);
        }),
      );
    }
  }
}

function* lotsOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
