import { AppError } from '../../common/app-error';
import type { BoundValue } from './protocol';

const MAX_INTEGER = 2n ** 63n - 1n;
const MIN_INTEGER = -(2n ** 63n);
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Tagged forms, as in MongoDB Extended JSON v2 and in the results, for what JSON cannot say. */
const tags: Readonly<Record<string, (value: unknown) => BoundValue | undefined>> = {
  $numberLong: (value) => {
    if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) return undefined;
    const integer = BigInt(value);
    return integer >= MIN_INTEGER && integer <= MAX_INTEGER ? integer : undefined;
  },
  $numberDouble: (value) => {
    if (typeof value !== 'string' || value.trim() === '') return undefined;
    const real = Number(value);
    return Number.isNaN(real) ? undefined : real;
  },
  $binary: (value) => {
    const encoded = (value as { base64?: unknown } | null)?.base64;
    return typeof encoded === 'string' && base64.test(encoded) ? Buffer.from(encoded, 'base64') : undefined;
  },
  $text: (value) => (typeof value === 'string' && !value.includes('\0') ? value : undefined),
};

/**
 * The storage class of a parameter: whole JSON numbers bind as INTEGER, others as REAL, strings as TEXT (SQLite turns
 * them into numbers where they meet a column of numeric affinity), booleans as 0 and 1; tagged objects say it outright.
 *
 * @throws AppError `query.invalid_parameter`
 */
export function encodeParameter(value: unknown, index: number): BoundValue {
  if (typeof value === 'string' && value.includes('\0')) {
    // the binding would cut the text there
    const way = 'bind {"$binary"} and write cast(? as text)';
    throw new AppError('query.invalid_parameter', `Parameter ${index + 1} holds a NUL: ${way}.`);
  }
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return BigInt(value);
    if (Number.isFinite(value)) return value;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    const [tag, content] = entries[0] ?? [];
    const bound =
      entries.length === 1 && tag !== undefined && Object.hasOwn(tags, tag)
        ? tags[tag]?.(content)
        : undefined;
    if (bound !== undefined) return bound;
  }
  throw new AppError(
    'query.invalid_parameter',
    `Parameter ${index + 1} is none of null, boolean, number, string, {"$numberLong"}, {"$numberDouble"}, {"$binary"}.`,
  );
}
