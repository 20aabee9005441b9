import { groupBy } from '../../common/group-by';
/** What is to be known of a shard to even out a group. */
export interface ShardLoad {
  readonly shardId: string;
  readonly keys: number;
  /** `takes` its share, is to be `emptied`, or stays as it is. */
  readonly role: 'takes' | 'emptied' | 'stays';
  /** Keys move only between shards of one part. */
  readonly part: string | null;
}

export interface Transfer {
  readonly source: string;
  readonly target: string;
  readonly keys: number;
}

/**
 * As few keys as possible go so that the shards that take differ by one at most, and those that are to be emptied are
 * empty. The same loads give the same answer.
 */
export function planBalance(loads: readonly ShardLoad[]): Transfer[] {
  const sorted = loads
    .filter(({ role }) => role !== 'stays')
    .toSorted((a, b) => (a.shardId < b.shardId ? -1 : 1));
  return [...groupBy(sorted, ({ part }) => part).values()].flatMap(evenOut);
}

function evenOut(loads: readonly ShardLoad[]): Transfer[] {
  const takers = loads.filter(({ role }) => role === 'takes');
  if (takers.length === 0) return [];
  const total = loads.reduce((sum, { keys }) => sum + keys, 0);
  const share = Math.floor(total / takers.length);
  // Those that have most keep what does not divide.
  const more = new Set(takers.toSorted((a, b) => b.keys - a.keys).slice(0, total % takers.length));
  const wanted = (load: ShardLoad): number =>
    load.role === 'emptied' ? 0 : share + (more.has(load) ? 1 : 0);
  const short = takers
    .map((load) => ({ target: load.shardId, keys: wanted(load) - load.keys }))
    .filter(({ keys }) => keys > 0);
  const transfers: Transfer[] = [];
  for (const load of loads) {
    for (let left = load.keys - wanted(load); left > 0;) {
      const to = short[0]!;
      const keys = Math.min(left, to.keys);
      transfers.push({ source: load.shardId, target: to.target, keys });
      left -= keys;
      to.keys -= keys;
      if (to.keys === 0) short.shift();
    }
  }
  return transfers;
}
