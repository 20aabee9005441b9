import type { MoveTable } from './move-table';
import type { Checksum, RowDigest, ShardSide } from './shard-side';

/** Rows that one part holds, about. */
const ROWS_OF_A_PART = 100;
const MAX_PARTS = 20_000;
/** Digests that are in memory at once, about. */
const ROWS_AT_ONCE = 50_000;

/** What makes the rows of a table on one shard those of another. */
export interface Differences {
  readonly missing: readonly RowDigest[];
  readonly changed: readonly RowDigest[];
  readonly surplus: readonly RowDigest[];
}

/**
 * Compares the rows of a table on two shards: checksums first, then the digests of the rows of parts that differ.
 * @param rows that are expected, about
 * @returns how many rows `from` has
 */
export async function compareTable(
  from: ShardSide,
  to: ShardSide,
  table: MoveTable,
  rows: number,
  found: (differences: Differences) => void,
): Promise<number> {
  const parts = Math.min(MAX_PARTS, Math.max(1, Math.ceil(rows / ROWS_OF_A_PART)));
  const [ours, theirs] = await Promise.all([from.checksums(table, parts), to.checksums(table, parts)]);
  const differing = [...new Set([...ours.keys(), ...theirs.keys()])].filter(
    (part) => !isSame(ours.get(part), theirs.get(part)),
  );
  const sizeOf = (part: number): number => (ours.get(part)?.count ?? 0) + (theirs.get(part)?.count ?? 0);
  for (const some of inLots(differing, sizeOf)) {
    const [one, two] = await Promise.all([from.digests(table, parts, some), to.digests(table, parts, some)]);
    found(differencesOf(one, two));
  }
  return [...ours.values()].reduce((sum, { count }) => sum + count, 0);
}

/** The one checksum of all parts. */
export function total(parts: ReadonlyMap<number, Checksum>): Checksum {
  let [count, one, two] = [0, 0n, 0n];
  for (const { count: rows, sums } of parts.values()) {
    count += rows;
    one += BigInt(sums[0]);
    two += BigInt(sums[1]);
  }
  return { count, sums: [String(one), String(two)] };
}

export function isSame(one: Checksum | undefined, two: Checksum | undefined): boolean {
  return one?.count === two?.count && one?.sums[0] === two?.sums[0] && one?.sums[1] === two?.sums[1];
}

export function differencesOf(
  ours: ReadonlyMap<string, RowDigest>,
  theirs: ReadonlyMap<string, RowDigest>,
): Differences {
  const here = [...ours.values()];
  return {
    missing: here.filter(({ id }) => !theirs.has(id)),
    changed: here.filter(({ id, row }) => theirs.has(id) && theirs.get(id)!.row !== row),
    surplus: [...theirs.values()].filter(({ id }) => !ours.has(id)),
  };
}

function* inLots(parts: readonly number[], sizeOf: (part: number) => number): Generator<number[]> {
  let lot: number[] = [];
  let size = 0;
  for (const part of parts) {
    lot.push(part);
    size += sizeOf(part);
    if (size < ROWS_AT_ONCE) continue;
    yield lot;
    [lot, size] = [[], 0];
  }
  if (lot.length > 0) yield lot;
}
