import { AppError, type FieldError } from '../../common/app-error';
import type { RowMode } from '../../drivers/row-layout';
import type { CallWish } from './procedures/call-wish';
import { findUnusableValue } from '../../http/find-unusable-value';

export type CacheMode = 'use' | 'bypass' | 'refresh';

/** The body of `POST /api/database/query`, checked. */
export interface QueryRequestBody {
  readonly connectionId?: string;
  /** Statement text; for MongoDB the operation as Extended JSON text. */
  readonly text: string;
  readonly params: readonly unknown[];
  readonly maxRows?: number;
  readonly timeoutMs?: number;
  readonly rowMode: RowMode;
  readonly cache: CacheMode;
  /** Seconds; no older answer out of the cache, within what the connection allows. 0: none at all. */
  readonly cacheTtlSeconds?: number;
  /** Refuse a statement that could write; for parts of the service that ask on a caller's behalf. */
  readonly onlyReads?: boolean;
  /** The rows are passed on and not collected: the permission bounds them, the memory of the service does not. */
  readonly streamed?: boolean;
  /** The plan of the statement is asked for, which is not run. */
  readonly explained?: boolean;
  /** A procedure instead of a statement; `text` is how the record has it. */
  readonly call?: CallWish;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MAX_PARAMS = 1000;
const MAX_INTEGER = 2_147_483_647;
const MAX_CACHE_TTL_SECONDS = 86_400;

/** What is wrong with a value; `null`: nothing. */
export type Check = (value: unknown) => string | null;

const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value) ? null : `must be one of ${values.join(', ')}`;

const positiveInteger: Check = (value) =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_INTEGER
    ? null
    : `must be a whole number from 1 to ${MAX_INTEGER}`;

const members: Readonly<Record<string, Check>> = {
  connectionId: (value) => (typeof value === 'string' && UUID.test(value) ? null : 'must be a UUID'),
  query: (value) => {
    // Text is the business of the analysis, which refuses what no database accepts with a code of its own.
    if (typeof value === 'string') return null;
    if (!isRecord(value)) return 'must be a statement as text, or an operation as an object';
    return findUnusableValue(value)?.message ?? null;
  },
  params: checkParameters,
  maxRows: positiveInteger,
  timeoutMs: positiveInteger,
  rowMode: oneOf('object', 'array'),
  cache: oneOf('use', 'bypass', 'refresh'),
  cacheTtlSeconds: (value) =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_CACHE_TTL_SECONDS
      ? null
      : `must be a whole number from 0 to ${MAX_CACHE_TTL_SECONDS}`,
};

/**
 * Checks a body by hand: this is the hot route, and a generic validator costs as much as the rest of the request
 * (docs/performance.md).
 * @throws AppError `request.invalid` naming every member that is wrong
 */
export function parseQueryRequest(body: unknown): QueryRequestBody {
  if (!isRecord(body)) throw new AppError('request.invalid', 'The body must be a JSON object');
  const { connectionId, maxRows, timeoutMs, rowMode, cache, cacheTtlSeconds } = checkQueryMembers(
    body,
    {},
    [],
    'query',
  );
  const text = typeof body.query === 'string' ? body.query : JSON.stringify(body.query);
  const params = (body.params as unknown[] | null | undefined) ?? [];
  return { connectionId, text, params, maxRows, timeoutMs, rowMode, cache, cacheTtlSeconds };
}

/** Checks the members of a body like this one, some of them in another way, or not known at all. */
export function checkQueryMembers(
  body: Record<string, unknown>,
  others: Readonly<Record<string, Check>>,
  without: readonly string[],
  required: string,
): Omit<QueryRequestBody, 'text' | 'params'> {
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(body)) {
    const known = Object.hasOwn(others, name) ? others : members;
    const check = Object.hasOwn(known, name) && !without.includes(name) ? known[name] : undefined;
    const message = check
      ? value === undefined || value === null
        ? null
        : check(value)
      : 'is not a known member';
    if (message) errors.push({ path: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, message });
  }
  if (body[required] === undefined || body[required] === null)
    errors.push({ path: `/${required}`, message: 'is required' });
  if (errors.length > 0) throw new AppError('request.invalid', 'The body does not validate', { errors });
  return {
    connectionId: (body.connectionId as string | null | undefined) ?? undefined,
    maxRows: (body.maxRows as number | null | undefined) ?? undefined,
    timeoutMs: (body.timeoutMs as number | null | undefined) ?? undefined,
    rowMode: (body.rowMode as RowMode | null | undefined) ?? 'object',
    cache: (body.cache as CacheMode | null | undefined) ?? 'use',
    cacheTtlSeconds: (body.cacheTtlSeconds as number | null | undefined) ?? undefined,
  };
}

export function checkParameters(value: unknown): string | null {
  if (!Array.isArray(value)) return 'must be an array';
  if (value.length > MAX_PARAMS) return `must hold at most ${MAX_PARAMS} values`;
  return findUnusableValue(value)?.message ?? null;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
