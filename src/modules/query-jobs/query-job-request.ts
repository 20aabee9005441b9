import { AppError, type FieldError } from '../../common/app-error';
import { isRecord, parseQueryRequest, type QueryRequestBody } from '../query/query-request';
import { parseStreamOutput, type StreamOutput } from '../query/stream/stream-output';

/** The body of `POST /api/database/query/jobs`, checked. */
export interface QueryJobRequest {
  readonly query: QueryRequestBody;
  readonly output: StreamOutput;
  /** As they would stand in the address of a stream. */
  readonly options: Readonly<Record<string, string>>;
}

/** @throws AppError `request.invalid` naming every member that is wrong */
export function parseQueryJobRequest(body: unknown): QueryJobRequest {
  if (!isRecord(body)) throw new AppError('request.invalid', 'The body must be a JSON object');
  const { format, options: given, ...rest } = body;
  const options = optionsOf(given);
  const query = parseQueryRequest(rest);
  const output = parseStreamOutput({ ...options, format: format ?? 'ndjson' }, query.rowMode);
  return { query, output, options };
}

function optionsOf(given: unknown): Record<string, string> {
  if (given === undefined || given === null) return {};
  const errors: FieldError[] = [];
  if (!isRecord(given) || 'format' in given) {
    errors.push({ path: '/options', message: 'must be an object with options of the format' });
  } else if (Object.values(given).some((value) => typeof value !== 'string' && typeof value !== 'boolean')) {
    errors.push({ path: '/options', message: 'must hold texts and booleans' });
  }
  if (errors.length > 0) throw new AppError('request.invalid', 'The body does not validate', { errors });
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
}
