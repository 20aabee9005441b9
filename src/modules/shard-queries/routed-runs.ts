import { Injectable } from '@nestjs/common';
import { AppError, isAppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import type { Caller } from '../../common/principal';
import type { ConditionalCaller } from '../query/conditional-caller';
import type { QueryRequestBody } from '../query/query-request';
import { QueryService } from '../query/query.service';
import { shardMapUnchanged } from '../shards/shard-epoch.check';
import { ShardRouter, type FoundRoute, type RoutedRequest } from '../shards/shard-router';

/** Routes tried at least for one request while the map keeps changing. */
const MAX_ROUTES = 4;
/** On a busy machine a map may change more often than a route takes to be confirmed: so long it is tried whatever the count. */
const RIDE_OVER_MS = 2000;

/** How often a write looks whether a pause is over, while it waits for that. */
const MOVE_LOOK_MS = 500;

/** Refusals before anything was sent, which a change of the map explains. */
const explainedByChange = new Set<ErrorCode>([
  'shard.map_changed',
  'connection.inactive',
  'resource.not_found',
]);

/** Finds the way of a request, and finds it again while the map changes under it. */
@Injectable()
export class RoutedRuns {
  constructor(
    private readonly router: ShardRouter,
    private readonly queries: QueryService,
  ) {}

  /**
   * The intent is committed only while the map is still the one the route was found on; if it is not, the way is found
   * again. Nothing is sent by a route that does not hold.
   * @param ask commits its intent with the conditions of the caller it is given
   * @throws AppError `shard.*`, and what `ask` throws
   */
  async run<T>(
    caller: Caller,
    request: RoutedRequest & { readonly query: QueryRequestBody },
    ask: (caller: ConditionalCaller, found: FoundRoute) => Promise<T>,
  ): Promise<T> {
    const started = performance.now();
    const until = started + request.waitMs;
    for (let tries = 1; ; tries++) {
      const mayTryAgain = tries < MAX_ROUTES || performance.now() - started < RIDE_OVER_MS;
      const found = await this.find(caller, request, tries > 1, mayTryAgain);
      if (!found) continue;
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
        if (mayTryAgain && (await this.router.hasChanged(found))) continue;
        throw hidden(whenAgain(error), request);
      }
    }
  }

  /** `null` when the map did not hold still, and there is time to look again. */
  private async find(
    caller: Caller,
    request: RoutedRequest & { readonly query: QueryRequestBody },
    fresh: boolean,
    mayTryAgain: boolean,
  ): Promise<FoundRoute | null> {
    try {
      return await this.router.find(caller, request, fresh);
    } catch (error) {
      if (mayTryAgain && isAppError(error, 'shard.map_changed')) return null;
      throw isAppError(error) ? await this.queries.refuse(caller, request.query, whenAgain(error)) : error;
    }
  }
}

/** What must still hold when an intent is committed. */
function conditionsOf({ map, route, slot }: FoundRoute): Pick<ConditionalCaller, 'conditions' | 'way'> {
  const conditions = [shardMapUnchanged(map)];
  return route.kind === 'shard' ? { conditions, way: { epoch: map.epoch, slot } } : { conditions };
}

/** Nothing was sent to a database: a client may come again at once, and is told so as by any refusal of load (RFC 9110, 10.2.3). */
function whenAgain(error: AppError): AppError {
  if (error.code !== 'shard.map_changed') return error;
  return new AppError(error.code, error.message, { extra: error.extra, retryAfterSeconds: 1 });
}

/** A shard that is not the caller's to ask is like one that is not there. */
function hidden(error: AppError, { target }: RoutedRequest): AppError {
  if (target.kind !== 'shard' || error.code !== 'resource.not_found') return error;
  return new AppError('shard.unknown', 'There is no such shard, or it is switched off', {
    extra: error.extra,
  });
}
