import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { PermissionsService } from '../permissions/permissions.service';
import { route, type Route, type RouteRefusal, type RouteTarget } from './route';
import type { ShardMap } from './shard-map';
import { ShardHomes } from './shard-homes';
import { ShardMaps } from './shard-maps';

/** A route that leads somewhere, and the map it was found on. */
export interface FoundRoute {
  readonly map: ShardMap;
  readonly route: Exclude<Route, { kind: 'refused' }>;
  /** Of the caller's key, where that has led the way. */
  readonly slot: string | null;
}

export interface RoutedRequest {
  readonly group: string;
  readonly target: RouteTarget;
  /** Milliseconds to wait for a paused shard to come back; 0 for not at all. */
  readonly waitMs: number;
}

/** Homes that are found again for one request before it is told that the map does not hold still. */
const MAX_HOMES = 3;
const RETRY_AFTER_SECONDS = 5;
const MOVE_RETRY_AFTER_SECONDS = 60;

const explained: Readonly<
  Record<Exclude<RouteRefusal, 'paused' | 'stale' | 'unassigned' | 'moving'>, string>
> = {
  unknown: 'There is no such shard, or it is switched off',
  no_global: 'The group has no global database',
  no_shards: 'The group has no shards',
};

/** Finds the way of a request: map and home from caches or fresh, then `route`. */
@Injectable()
export class ShardRouter {
  constructor(
    private readonly maps: ShardMaps,
    private readonly homes: ShardHomes,
    private readonly permissions: PermissionsService,
  ) {}

  /**
   * @param fresh reads the map past the cache; a refusal always rests on a map that was just read
   * @throws AppError `shard.unknown`, `shard.maintenance`, `shard.map_changed`
   */
  async find(caller: Caller, request: RoutedRequest, fresh = false): Promise<FoundRoute> {
    const until = performance.now() + request.waitMs;
    for (let first = true; ; first = false) {
      const found = await this.once(caller, request, fresh || !first);
      const { map, route: one, slot } = found;
      if (one.kind !== 'refused') return { map, route: one, slot };
      if (one.reason === 'stale' || one.reason === 'unassigned') throw new AppError('shard.map_changed');
      if (one.reason === 'moving') {
        throw new AppError('shard.moving', 'Rows that are being moved lie on two shards', {
          retryAfterSeconds: MOVE_RETRY_AFTER_SECONDS,
        });
      }
      if (one.reason !== 'paused') throw new AppError('shard.unknown', explained[one.reason]);
      const leftMs = until - performance.now();
      if (leftMs <= 0) {
        throw new AppError('shard.maintenance', `The shard ${one.shardId} is paused`, {
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        });
      }
      await this.maps.changed(leftMs);
    }
  }

  /** Whether the map is another one than that of a route that did not hold. */
  async hasChanged({ map }: FoundRoute): Promise<boolean> {
    return (await this.maps.require(map.group, true)).epoch !== map.epoch;
  }

  private async once(
    caller: Caller,
    { group, target }: RoutedRequest,
    fresh: boolean,
  ): Promise<{ map: ShardMap; route: Route; slot: string | null }> {
    let map = await this.mapOf(group, fresh);
    let home = target.kind === 'session' ? this.homes.known(caller, map) : null;
    let found = route(map, home, target);
    for (let tries = 0; tries < MAX_HOMES && isHomeless(found); tries++) {
      home = await this.homes.find(caller, map);
      if (home.epoch !== map.epoch) map = await this.mapOf(group, true);
      found = route(map, home, target);
    }
    if (found.kind === 'all') await this.requirePermitted(caller, map, found);
    if (found.kind !== 'refused' || isHomeless(found)) {
      return { map, route: found, slot: home?.slot ?? null };
    }
    // What is cached may let in, because that is confirmed later; only what holds now may refuse.
    if (!fresh) return this.once(caller, { group, target, waitMs: 0 }, true);
    return { map, route: await this.hide(caller, map, found, target), slot: null };
  }

  /** Resolves when a map has changed or a pause was lifted, or after `ms`. */
  changed(ms: number): Promise<void> {
    return this.maps.changed(ms);
  }

  /** A shard that the caller has nothing to do with is like one that is not there, also when it is paused. */
  private async hide(caller: Caller, map: ShardMap, found: Route, target: RouteTarget): Promise<Route> {
    if (target.kind !== 'shard') return found;
    const shard = map.shards.get(target.shardId);
    const permitted = shard && (await this.permissions.find(caller.principal, shard.connectionId, true));
    return permitted ? found : { kind: 'refused', reason: 'unknown', shardId: target.shardId };
  }

  /** Who may not ask a shard is not told that it is away. */
  private async requirePermitted(
    { principal }: Caller,
    map: ShardMap,
    { away }: Extract<Route, { kind: 'all' }>,
  ): Promise<void> {
    for (const { shardId } of away) {
      const { connectionId } = map.shards.get(shardId)!;
      if (!(await this.permissions.find(principal, connectionId, true)))
        throw new AppError('resource.not_found');
    }
  }

  private async mapOf(group: string, fresh: boolean): Promise<ShardMap> {
    try {
      return await this.maps.require(group, fresh);
    } catch (error) {
      throw error instanceof AppError && error.code === 'resource.not_found'
        ? new AppError('shard.unknown', 'There is no such group of shards')
        : error;
    }
  }
}

function isHomeless(found: Route): boolean {
  return found.kind === 'refused' && (found.reason === 'stale' || found.reason === 'unassigned');
}
