import { TypedParameter } from 'mysql2';
import { AppError } from '../../common/app-error';

/**
 * A parameter in its JSON form as mysql2 binds it. Whole numbers go as BIGINT: as DOUBLE, which mysql2 takes for every
 * number, `LIMIT ?` refuses them and big ones lose digits.
 *
 * @throws AppError `query.invalid_parameter`
 */
export function encodeParameter(value: unknown, index: number): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? TypedParameter.BIGINT(value) : value;
  }
  if (typeof value === 'object') return JSON.stringify(value);
  throw new AppError('query.invalid_parameter', `Parameter ${index + 1} is no JSON value.`);
}
