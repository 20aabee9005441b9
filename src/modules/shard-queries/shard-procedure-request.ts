import { AppError } from '../../common/app-error';
import { parseProcedureRequest, type ProcedureRequestBody } from '../query/procedures/procedure-request';
import { parseShardRequest, type ShardRequest } from './shard-request';

/** The body of `POST /api/shards/{…}/procedure`, checked. */
export interface ShardProcedureRequest extends Omit<ShardRequest, 'query'> {
  readonly query: ProcedureRequestBody;
}

/** @throws AppError `request.invalid` */
export function parseShardProcedure(target: string, body: unknown): ShardProcedureRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AppError('request.invalid', 'The body must be a JSON object');
  }
  const { group, waitMs, ...rest } = body as Record<string, unknown>;
  // The map says which connection it is, and nobody else.
  const where = { group, waitMs, ...('connectionId' in rest && { connectionId: rest.connectionId }) };
  const routed = parseShardRequest(target, { ...where, query: '' });
  return { ...routed, query: parseProcedureRequest(rest) };
}
