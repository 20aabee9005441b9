import { AppError } from '../../../common/app-error';
import type { CallArguments } from '../../../drivers/procedure';
import {
  checkParameters,
  checkQueryMembers,
  isRecord,
  type Check,
  type QueryRequestBody,
} from '../query-request';
import { textOfCall, type CallWish } from './call-wish';

export const MAX_PROCEDURE_NAME = 200;
const MAX_PARAMS = 1000;

/** The body of `POST /api/database/procedure`, checked. */
export interface ProcedureRequestBody extends QueryRequestBody {
  readonly call: CallWish;
}

const procedure: Check = (value) => {
  const isName =
    typeof value === 'string' &&
    value.length <= MAX_PROCEDURE_NAME &&
    /^[^\0]+$/.test(value) &&
    value.isWellFormed();
  return isName ? null : `must be the name of a procedure of at most ${MAX_PROCEDURE_NAME} characters`;
};

const params: Check = (value) => {
  if (!isRecord(value)) return checkParameters(value);
  if (Object.keys(value).length > MAX_PARAMS) return `must hold at most ${MAX_PARAMS} values`;
  return checkParameters([value]);
};

/** Of the members of a query; the answer of a call never comes from the cache, so nobody may say how old it may be. */
const without = ['query', 'cache', 'cacheTtlSeconds'];

/** @throws AppError `request.invalid` naming every member that is wrong */
export function parseProcedureRequest(body: unknown): ProcedureRequestBody {
  if (!isRecord(body)) throw new AppError('request.invalid', 'The body must be a JSON object');
  const { procedure: name, params: given } = body;
  const request = checkQueryMembers(body, { procedure, params }, without, 'procedure');
  const call = { procedure: name as string, arguments: (given ?? []) as CallArguments };
  return { ...request, params: [], cache: 'bypass', text: textOfCall(call), call };
}
