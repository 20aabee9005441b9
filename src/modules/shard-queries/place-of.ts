import type { FoundRoute } from '../shards/shard-router';

/** The connection of a route that leads to one database. */
export function placeOf(route: Exclude<FoundRoute['route'], { kind: 'all' }>): {
  connectionId: string;
  onlyReads: boolean;
} {
  return route.kind === 'global'
    ? { connectionId: route.connectionId, onlyReads: false }
    : { connectionId: route.shard.connectionId, onlyReads: route.onlyReads };
}
