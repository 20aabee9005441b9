import { Injectable } from '@nestjs/common';
import { AppError, isAppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import type { Caller } from '../../common/principal';
import type { ConditionalCaller } from '../query/conditional-caller';
import { QueryService } from '../query/query.service';
import type { StreamOutput } from '../query/stream/stream-output';
import { StreamService } from '../query/stream/stream.service';
import type { StreamTarget } from '../query/stream/stream-writer';
import { shardMapUnchanged } from '../shards/shard-epoch.check';
import { ShardRouter, type FoundRoute } from '../shards/shard-router';
import { MergedQueriesService } from './merged-queries.service';
import type { ShardAnswer } from './shard-answer';
import type { ShardRequest } from './shard-request';

/** Routes tried for one request while the map keeps changing. */
const MAX_ROUTES = 4;

/** How often a write looks whether a pause is over, while it waits for that. */
const MOVE_LOOK_MS = 500;

/** Refusals before anything was sent, which a change of the map explains. */
const explainedByChange = new Set<ErrorCode>([
  'shard.map_changed',
  'connection.inactive',
  'resource.not_found',
]);

/** Sends statements where the map says, through the same gate as every other. */
@Injectable()
export class ShardQueriesService {
  constructor(
    private readonly router: ShardRouter,
    private readonly queries: QueryService,
    private readonly streams: StreamService,
    private readonly merged: MergedQueriesService,
  ) {}

  /** @throws AppError `shard.*`, and everything `QueryService.run` throws */
  run(caller: Caller, request: ShardRequest, client: AbortController): Promise<ShardAnswer> {
    const { query } = request;
    return this.routed(caller, request, (conditional, found) => {
      const { route } = found;
      if (route.kind === 'all') {
        return this.merged.collect({ ...request, caller: conditional, route }, client);
      }
      return this.queries.run(conditional, { ...query, ...targetOf(route) }, client);
    });
  }

  /**
   * The rows as they come; only reads.
   * @throws AppError for what fails before the first row; afterwards the stream itself tells, or breaks off
   */
  stream(caller: Caller, request: ShardRequest, output: StreamOutput, target: StreamTarget): Promise<void> {
    const { query } = request;
    return this.routed(caller, request, (conditional, { route }) => {
      if (route.kind === 'all') {
        return this.merged.stream({ ...request, caller: conditional, route }, output, target);
      }
      return this.streams.stream(conditional, { ...query, ...targetOf(route) }, output, target);
    });
  }

  /**
   * The intent is committed only while the map is still the one the route was found on; if it is not, the way is found
   * again. Nothing is sent by a route that does not hold.
   */
  private async routed<T>(
    caller: Caller,
    request: ShardRequest,
    ask: (caller: ConditionalCaller, found: FoundRoute) => Promise<T>,
  ): Promise<T> {
    const until = performance.now() + request.waitMs;
    for (let tries = 1; ; tries++) {
      const found = await this.find(caller, request, tries > 1);
      try {
        return await ask({ ...caller, ...conditionsOf(found) }, found);
      } catch (error) {
        if (!isAppError(error)) throw error;
        // Without the id of a run there is no record of it yet.
        if (error.extra.queryId === undefined) throw await this.queries.refuse(caller, request.query, error);
        const leftMs = until - performance.now();
        if (error.code === 'shard.moving' && leftMs > 0) {
          // A pause may also end by itself, of which nobody is told.
          await this.router.changed(Math.min(leftMs, MOVE_LOOK_MS));
          tries = 0;
          continue;
        }
        if (!explainedByChange.has(error.code)) throw error;
        if (tries < MAX_ROUTES && (await this.router.hasChanged(found))) continue;
        throw hidden(error, request);
      }
    }
  }

  private async find(caller: Caller, request: ShardRequest, fresh: boolean): Promise<FoundRoute> {
    try {
      return await this.router.find(caller, request, fresh);
    } catch (error) {
      throw isAppError(error) ? await this.queries.refuse(caller, request.query, error) : error;
    }
  }
}

/** What must still hold when an intent is committed. */
function conditionsOf({ map, route, slot }: FoundRoute): Pick<ConditionalCaller, 'conditions' | 'way'> {
  const conditions = [shardMapUnchanged(map)];
  return route.kind === 'shard' ? { conditions, way: { epoch: map.epoch, slot } } : { conditions };
}

/** The connection of a route that leads to one database. */
function targetOf(route: Exclude<FoundRoute['route'], { kind: 'all' }>): {
  connectionId: string;
  onlyReads: boolean;
} {
  return route.kind === 'global'
    ? { connectionId: route.connectionId, onlyReads: false }
    : { connectionId: route.shard.connectionId, onlyReads: route.onlyReads };
}

/** A shard that is not the caller's to ask is like one that is not there. */
function hidden(error: AppError, { target }: ShardRequest): AppError {
  if (target.kind !== 'shard' || error.code !== 'resource.not_found') return error;
  return new AppError('shard.unknown', 'There is no such shard, or it is switched off', {
    extra: error.extra,
  });
}
