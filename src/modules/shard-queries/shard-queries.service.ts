import { Injectable } from '@nestjs/common';
import { AppError, isAppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import type { Caller } from '../../common/principal';
import type { ConditionalCaller } from '../query/conditional-caller';
import { QueryService } from '../query/query.service';
import { shardMapUnchanged } from '../shards/shard-epoch.check';
import { ShardRouter, type FoundRoute } from '../shards/shard-router';
import { ScatterService, type ShardAnswer } from './scatter.service';
import type { ShardRequest } from './shard-request';

/** Routes tried for one request while the map keeps changing. */
const MAX_ROUTES = 4;

/** Refusals before anything was sent, which a change of the map explains. */
const explainedByChange = new Set<ErrorCode>([
  'shard.map_changed',
  'connection.inactive',
  'resource.not_found',
]);

/** Sends statements where the map says, through `QueryService` like every other. */
@Injectable()
export class ShardQueriesService {
  constructor(
    private readonly router: ShardRouter,
    private readonly queries: QueryService,
    private readonly scatter: ScatterService,
  ) {}

  /**
   * The intent is committed only while the map is still the one the route was found on; if it is not, the way is found
   * again. Nothing is sent by a route that does not hold.
   * @throws AppError `shard.*`, and everything `QueryService.run` throws
   */
  async run(caller: Caller, request: ShardRequest, client: AbortController): Promise<ShardAnswer> {
    for (let tries = 1; ; tries++) {
      const found = await this.find(caller, request, tries > 1);
      try {
        return await this.ask(caller, request, found, client);
      } catch (error) {
        if (!isAppError(error)) throw error;
        // Without the id of a run there is no record of it yet.
        if (error.extra.queryId === undefined) throw await this.queries.refuse(caller, request.query, error);
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

  private ask(
    caller: Caller,
    { query }: ShardRequest,
    { map, route }: FoundRoute,
    client: AbortController,
  ): Promise<ShardAnswer> {
    const conditional: ConditionalCaller = { ...caller, conditions: [shardMapUnchanged(map)] };
    if (route.kind === 'all') return this.scatter.run(conditional, query, route.shards, client);
    const connectionId = route.kind === 'global' ? route.connectionId : route.shard.connectionId;
    const onlyReads = route.kind === 'shard' && route.onlyReads;
    return this.queries.run(conditional, { ...query, connectionId, onlyReads }, client);
  }
}

/** A shard that is not the caller's to ask is like one that is not there. */
function hidden(error: AppError, { target }: ShardRequest): AppError {
  if (target.kind !== 'shard' || error.code !== 'resource.not_found') return error;
  return new AppError('shard.unknown', 'There is no such shard, or it is switched off', {
    extra: error.extra,
  });
}
