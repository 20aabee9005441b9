import type { Shard, ShardMap } from './shard-map';
import { statusMeanings } from './shard-status';

/** Where a request says it goes. */
export type RouteTarget =
  | { readonly kind: 'global' }
  | { readonly kind: 'session' }
  | { readonly kind: 'all'; readonly partial?: boolean }
  | { readonly kind: 'shard'; readonly shardId: string };

/** The shard that the key of a session belongs to, as it was under an epoch. */
export interface Home {
  readonly slot: string;
  readonly shardId: string;
  readonly epoch: number;
}

/** `stale` and `unassigned` are for whoever can find the home again; the others are answers. */
export type RouteRefusal =
  'unknown' | 'paused' | 'stale' | 'unassigned' | 'no_global' | 'no_shards' | 'moving';

/** A shard that an answer over all does without, because whoever asks has allowed it. */
export interface AwayShard {
  readonly shardId: string;
  readonly reason: RouteRefusal;
}

export type Route =
  | { readonly kind: 'global'; readonly connectionId: string }
  | { readonly kind: 'shard'; readonly shard: Shard; readonly onlyReads: boolean }
  | { readonly kind: 'all'; readonly shards: readonly Shard[]; readonly away: readonly AwayShard[] }
  | { readonly kind: 'refused'; readonly reason: RouteRefusal; readonly shardId?: string };

/**
 * Where a request goes. The global database is only for requests that ask for it: nothing that is unknown, closed or
 * paused ever leads there, nor to another shard.
 */
export function route(map: ShardMap, home: Home | null, target: RouteTarget): Route {
  return routers[target.kind](map, home, target as never);
}

type Router<Kind extends RouteTarget['kind']> = (
  map: ShardMap,
  home: Home | null,
  target: Extract<RouteTarget, { kind: Kind }>,
) => Route;

const routers: { readonly [Kind in RouteTarget['kind']]: Router<Kind> } = {
  global: ({ globalConnectionId }) =>
    globalConnectionId === null
      ? { kind: 'refused', reason: 'no_global' }
      : { kind: 'global', connectionId: globalConnectionId },
  shard: (map, _, { shardId }) => toShard(map, shardId),
  session: (map, home) => {
    if (!home) return { kind: 'refused', reason: 'unassigned' };
    if (home.epoch !== map.epoch) return { kind: 'refused', reason: 'stale' };
    return toShard(map, home.shardId);
  },
  all: (map, _, { partial = false }) => {
    // Rows that lie on two shards would count twice.
    if (map.moving) return { kind: 'refused', reason: 'moving' };
    const shards: Shard[] = [];
    const away: AwayShard[] = [];
    for (const shard of map.shards.values()) {
      const one = toShard(map, shard.id);
      if (one.kind !== 'refused') shards.push(shard);
      // One that is missing would make the answer wrong without saying so.
      else if (!partial) return one;
      else away.push({ shardId: shard.id, reason: one.reason });
    }
    if (shards.length > 0) return { kind: 'all', shards, away };
    const [first] = away;
    return first ? { kind: 'refused', ...first } : { kind: 'refused', reason: 'no_shards' };
  },
};

function toShard({ shards }: ShardMap, shardId: string): Route {
  const shard = shards.get(shardId);
  if (!shard) return { kind: 'refused', reason: 'unknown', shardId };
  const { door, writable } = statusMeanings[shard.status];
  if (door === 'closed') return { kind: 'refused', reason: 'unknown', shardId };
  if (door === 'paused') return { kind: 'refused', reason: 'paused', shardId };
  return { kind: 'shard', shard, onlyReads: !writable };
}
