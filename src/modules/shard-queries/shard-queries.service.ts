import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/principal';
import { QueryService } from '../query/query.service';
import type { StreamOutput } from '../query/stream/stream-output';
import { StreamService } from '../query/stream/stream.service';
import type { StreamTarget } from '../query/stream/stream-writer';
import { MergedQueriesService } from './merged-queries.service';
import { placeOf } from './place-of';
import { RoutedRuns } from './routed-runs';
import type { ShardAnswer } from './shard-answer';
import type { ShardRequest } from './shard-request';

/** Sends statements where the map says, through the same gate as every other. */
@Injectable()
export class ShardQueriesService {
  constructor(
    private readonly routed: RoutedRuns,
    private readonly queries: QueryService,
    private readonly streams: StreamService,
    private readonly merged: MergedQueriesService,
  ) {}

  /** @throws AppError `shard.*`, and everything `QueryService.run` throws */
  run(caller: Caller, request: ShardRequest, client: AbortController): Promise<ShardAnswer> {
    const { query } = request;
    return this.routed.run(caller, request, (conditional, found) => {
      const { route } = found;
      if (route.kind === 'all') {
        return this.merged.collect({ ...request, caller: conditional, route }, client);
      }
      return this.queries.run(conditional, { ...query, ...placeOf(route) }, client);
    });
  }

  /**
   * The rows as they come; only reads.
   * @throws AppError for what fails before the first row; afterwards the stream itself tells, or breaks off
   */
  stream(caller: Caller, request: ShardRequest, output: StreamOutput, target: StreamTarget): Promise<void> {
    const { query } = request;
    return this.routed.run(caller, request, (conditional, { route }) => {
      if (route.kind === 'all') {
        return this.merged.stream({ ...request, caller: conditional, route }, output, target);
      }
      return this.streams.stream(conditional, { ...query, ...placeOf(route) }, output, target);
    });
  }
}
