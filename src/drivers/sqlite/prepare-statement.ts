import { AppError } from '../../common/app-error';
import type { QueryRequest } from '../driver';
import { encodeParameter } from './encode-parameter';
import type { BoundValue } from './protocol';
import { scanStatement } from './scan-statement';

const MAX_BYTES = 1024 * 1024;

/**
 * What SQLite would not say: it runs the first statement of a text and ignores the others, ends a text at a NUL, and
 * takes NULL for a parameter that was not given.
 *
 * @throws AppError `query.*`
 */
export function prepareStatement(request: QueryRequest): { keyword: string; values: BoundValue[] } {
  const { text } = request;
  if (text.includes('\0') || /\p{Surrogate}/u.test(text)) throw new AppError('query.invalid_text');
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw new AppError('query.too_long', `At most ${MAX_BYTES} bytes.`);
  const scanned = scanStatement(text);
  if (scanned.empty) throw new AppError('query.empty');
  if (scanned.hasTail) throw new AppError('query.multiple_statements');
  if (scanned.namedParameter !== null) {
    throw new AppError('query.invalid_parameter', `Write ? instead of ${scanned.namedParameter}.`);
  }
  if (scanned.parameterCount !== request.values.length) {
    const counts = `takes ${scanned.parameterCount} and ${request.values.length} were given`;
    throw new AppError('query.invalid_parameter', `Of parameters, the statement ${counts}.`);
  }
  return { keyword: scanned.keyword, values: request.values.map(encodeParameter) };
}
