import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { ProcedureService, type CallAnswer } from '../query/procedures/procedure.service';
import { placeOf } from './place-of';
import { RoutedRuns } from './routed-runs';
import type { ShardProcedureRequest } from './shard-procedure-request';

/** Calls procedures where the map says. */
@Injectable()
export class ShardProceduresService {
  constructor(
    private readonly routed: RoutedRuns,
    private readonly procedures: ProcedureService,
  ) {}

  /** @throws AppError `shard.*`, and everything `ProcedureService.run` throws */
  run(caller: Caller, request: ShardProcedureRequest, client: AbortController): Promise<CallAnswer> {
    return this.routed.run(caller, request, async (conditional, { route }) => {
      if (route.kind === 'all')
        throw new AppError('query.unsupported', 'A procedure is called on one shard, not on all of them');
      return this.procedures.run(conditional, { ...request.query, ...placeOf(route) }, client);
    });
  }
}
